from base import *

class Case(Base):
    """The MCP server verifies JWTs, and the authorization server issues opaque access tokens beside a JWT as ID token."""
    def new_access(self, grant):
        return "authelia_at_" + secrets.token_urlsafe(32)

    def gate(self, r):
        if r.bearer:
            return self.refuse_token(r, "Authentication failed")
        return super().gate(r)


main(Case)
