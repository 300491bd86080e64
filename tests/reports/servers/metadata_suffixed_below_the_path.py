from base import *

class Case(Base):
    """A server at a path of a shared host: its metadata stands below the path, where no client looks."""
    mcp_path = "/service/mcp"

    def setup(self):
        self.issuer = self.origin + "/service"

    def handle(self, r):
        if r.path == "/service/.well-known/oauth-authorization-server":
            return 200, {}, self.metadata()
        if r.path == "/.well-known/oauth-authorization-server":
            return 404, {}, {"error": "not_found"}
        return super().handle(r)


main(Case)
