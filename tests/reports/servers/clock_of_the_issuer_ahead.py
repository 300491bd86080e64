from base import *

class Case(Base):
    """The clock of the authorization server is ahead; the MCP server allows no leeway."""
    ahead = 90
    words = "Authentication failed"

    def new_access(self, grant):
        now = int(time.time()) + self.ahead
        part = lambda o: base64.urlsafe_b64encode(json.dumps(o).encode()).rstrip(b"=").decode()
        claims = {"iss": self.issuer, "sub": "user-1", "aud": self.mcp_url, "client_id": grant["client_id"], "scope": grant["scope"], "iat": now, "nbf": now, "exp": now + 3600, "jti": secrets.token_hex(8)}
        return part({"alg": "ES256", "typ": "at+jwt", "kid": "k1"}) + "." + part(claims) + "." + base64.urlsafe_b64encode(secrets.token_bytes(64)).rstrip(b"=").decode()

    def gate(self, r):
        return super().gate(r) or self.refuse_token(r)

    def refuse_token(self, r):
        return 401, {"WWW-Authenticate": self.challenge("invalid_token", self.words)}, {"error": "invalid_token", "error_description": self.words}


if __name__ == "__main__":
    main(Case)
