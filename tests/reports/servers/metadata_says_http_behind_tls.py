from base import *

class Case(Base):
    """Behind a proxy that ends TLS: resource and issuer are built with another scheme than the one asked."""
    def prm(self):
        other = self.mcp_url.replace("http://", "https://")
        return {**super().prm(), "resource": other}


main(Case)
