from base import *

class Case(Base):
    """A refresh without scope gives a token with another scope, which the MCP server refuses."""
    def issue(self, client_id, scope, resource, refreshed=False):
        return super().issue(client_id, ".default" if refreshed else scope, resource, refreshed)

    def gate(self, r):
        grant = self.access.get(r.bearer)
        if grant and grant["scope"] == ".default":
            return 403, {"WWW-Authenticate": self.challenge("insufficient_scope")}, {"error": "insufficient_scope"}
        return super().gate(r)


main(Case)
