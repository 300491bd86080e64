from base import *

class Case(Base):
    """No token is needed; a single-page application answers everything else, the well-known documents too."""
    def handle(self, r):
        if r.path == self.mcp_path:
            return self.mcp(r)
        if r.method == "GET":
            return self.page("My app", '<div id="root"></div><script src="/assets/index.js"></script>')
        return 405, {}, {"detail": "Method Not Allowed"}

    def gate(self, r):
        return None


main(Case)
