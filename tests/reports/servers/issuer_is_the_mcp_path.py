from base import *

class Case(Base):
    """authorization_servers names the MCP endpoint; the metadata is at the root and names the root."""
    def prm(self):
        return {**super().prm(), "authorization_servers": [self.mcp_url]}


main(Case)
