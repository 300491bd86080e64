from base import *

class Case(Base):
    """OAuth completes; the call with the token is answered by a firewall that does not know the client's address."""
    def mcp(self, r):
        if r.bearer:
            page = "<html><head><title>403 Forbidden</title></head><body><center><h1>403 Forbidden</h1></center></body></html>"
            return 403, {"Content-Type": "text/html", "Server": "awselb/2.0"}, page
        return super().mcp(r)


main(Case)
