from base import *

class Case(Base):
    """The metadata's issuer has a path that the resource metadata's authorization server has not."""
    def setup(self):
        self.issuer = self.origin + "/backend/oauthproxy"

    def prm(self):
        return {**super().prm(), "authorization_servers": [self.origin]}


main(Case)
