from base import *

class Case(Base):
    """The MCP server is at the root of its origin; its resource has no slash, and is compared letter by letter."""
    mcp_path = "/"

    def setup(self):
        self.mcp_url = self.origin

    def handle(self, r):
        if r.path == "/.well-known/oauth-protected-resource":
            return 200, {}, self.prm()
        return super().handle(r)

    def prm(self):
        return {**super().prm(), "resource": self.origin}

    def challenge(self, error=None, description=None):
        return super().challenge(error, description).replace("protected-resource/", "protected-resource")

    def authorize(self, r):
        if r.query.get("resource") != self.origin:
            return self.back(r.query, {"error": "invalid_target", "error_description": "Unknown resource"})
        return super().authorize(r)


main(Case)
