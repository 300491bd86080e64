from base import *

class Case(Base):
    """Tokens are JWTs; a refreshed one has not the audience that the first one had."""
    def new_access(self, grant):
        now = int(time.time())
        claims = {"iss": self.issuer, "sub": "u1", "client_id": grant["client_id"], "iat": now, "exp": now + 3600, "jti": secrets.token_hex(8), "scope": grant["scope"]}
        if grant.get("resource") and not grant.get("refreshed"):
            claims["aud"] = grant["resource"]
        part = lambda it: base64.urlsafe_b64encode(json.dumps(it).encode()).rstrip(b"=").decode()
        return part({"alg": "HS256", "typ": "at+jwt"}) + "." + part(claims) + "." + secrets.token_urlsafe(32)

    def issue(self, client_id, scope, resource, refreshed=False):
        grant = {"client_id": client_id, "scope": scope, "resource": resource, "exp": time.time() + 3600, "refreshed": refreshed}
        a, n = self.new_access(grant), "r-" + secrets.token_urlsafe(24)
        self.access[a], self.refresh[n] = grant, grant
        return 200, {"Cache-Control": "no-store"}, self.token_answer(a, n, scope)

    def gate(self, r):
        grant = self.access.get(r.bearer)
        if grant and grant["refreshed"]:
            return self.refuse_token(r, "The token is not for this server")
        return super().gate(r)


main(Case)
