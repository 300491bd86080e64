from base import *

class Case(Base):
    """The server refuses a token that its own token endpoint issued a moment ago."""
    def gate(self, r):
        if r.bearer:
            return 401, {"WWW-Authenticate": self.challenge("invalid_token", "Authentication failed. The provided bearer token is invalid, expired, or no longer recognized by the server. To resolve: clear authentication tokens in your MCP client and reconnect.")}, {"error": "invalid_token"}
        return super().gate(r)


main(Case)
