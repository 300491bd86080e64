from base import *

class Case(Base):
    """The well-known documents are served below the mount of the MCP application; at the root is a web application."""
    def handle(self, r):
        if r.path in ("/mcp/.well-known/oauth-authorization-server", "/mcp/.well-known/oauth-protected-resource"):
            return 200, {}, self.metadata() if r.path.endswith("server") else self.prm()
        if r.path.startswith("/.well-known/"):
            return self.page("My app", '<div id="root"></div>')
        return super().handle(r)

    def challenge(self, error=None, description=None):
        return 'Bearer realm="mcp"' + (f', error="{error}"' if error else "")


main(Case)
