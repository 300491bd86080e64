from base import *

class Case(Base):
    """The resource metadata advertises scopes that its own authorization server does not know."""
    def challenge(self, error=None, description=None):
        return super().challenge(error, description).split(", scope=")[0]

    def prm(self):
        return {**super().prm(), "scopes_supported": ["mcp:read", "insight_variable:read", "llm_gateway:read"]}


main(Case)
