from base import *

class Case(Base):
    """The web server in front removes the Authorization header: the application never sees a token."""
    def mcp(self, r):
        del r.headers["Authorization"]
        return super().mcp(r)


main(Case)
