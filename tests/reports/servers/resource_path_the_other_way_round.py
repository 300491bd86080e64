from base import *

class Case(Base):
    """The gateway names the resource NAME/mcp, where the client asked mcp/NAME."""
    mcp_path = "/mcp/orders"

    def prm(self):
        return {**super().prm(), "resource": self.origin + "/orders/mcp"}


main(Case)
