from base import *

class Case(Base):
    """The token names the issuer of version 1; the MCP server expects that of version 2."""
    def new_access(self, grant):
        now = int(time.time())
        claims = {"iss": "https://sts.windows.net/2fa002e8-d595-49fb-b4d9-7aa6159af2f6/", "ver": "1.0", "tid": "2fa002e8-d595-49fb-b4d9-7aa6159af2f6", "aud": self.mcp_url, "sub": "u", "iat": now, "exp": now + 3600}
        part = lambda it: base64.urlsafe_b64encode(json.dumps(it).encode()).rstrip(b"=").decode()
        return part({"alg": "RS256", "typ": "JWT", "kid": "k1"}) + "." + part(claims) + "." + secrets.token_urlsafe(64)

    def gate(self, r):
        return self.refuse_token(r, "IDX10205: Issuer validation failed") if r.bearer else super().gate(r)


main(Case)
