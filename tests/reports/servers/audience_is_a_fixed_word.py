from base import *

class Case(Base):
    """Access tokens are JWTs whose aud is a fixed word, whatever resource is asked for; the MCP server expects it so."""
    def new_access(self, grant):
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": "mcp-server-api", "sub": "u1", "client_id": grant["client_id"], "iat": now, "exp": now + 3600, "jti": secrets.token_hex(8), "scope": grant["scope"]}
        part = lambda it: base64.urlsafe_b64encode(json.dumps(it).encode()).rstrip(b"=").decode()
        return part({"alg": "HS256", "typ": "at+jwt"}) + "." + part(claims) + "." + secrets.token_urlsafe(32)


main(Case)
