from base import *

class Case(Base):
    """Behind a proxy the endpoints are advertised with the port that the server listens on inside."""
    def setup(self):
        self.inside = closed_port()

    def metadata(self):
        there = f"http://127.0.0.1:{self.inside}"
        return {**super().metadata(), "authorization_endpoint": there + "/authorize", "token_endpoint": there + "/token",
                "registration_endpoint": there + "/register"}


main(Case)
