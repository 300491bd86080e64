from base import *

class Case(Base):
    """A firewall in front of the authorization page refuses any query that has 127.0.0.1 in it."""
    def authorize(self, r):
        if "127.0.0.1" in r.query.get("redirect_uri", ""):
            page = "<html>\r\n<head><title>403 Forbidden</title></head>\r\n<body>\r\n<center><h1>403 Forbidden</h1></center>\r\n<hr><center>Microsoft-Azure-Application-Gateway/v2</center>\r\n</body>\r\n</html>"
            return 403, {"Content-Type": "text/html", "Server": "Microsoft-Azure-Application-Gateway/v2"}, page
        return super().authorize(r)


main(Case)
