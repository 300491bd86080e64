from base import *

class Case(Base):
    """Two endpoints, one document: the resource of /mcp/oauth is said to be /mcp/api."""
    mcp_path = "/mcp/oauth"

    def prm(self):
        return {**super().prm(), "resource": self.origin + "/mcp/api"}


main(Case)
