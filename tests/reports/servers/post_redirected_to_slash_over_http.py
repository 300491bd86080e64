from base import *

class Case(Base):
    """POST is redirected to the path with a slash at once, and GET is too."""
    def mcp(self, r):
        return 307, {"Location": self.mcp_url + "/"}, b""

    def other(self, r):
        return Base.mcp(self, r) if r.path == self.mcp_path + "/" else super().other(r)


main(Case)
