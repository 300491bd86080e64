from base import *

class Case(Base):
    """resource_metadata of the challenge names the address that the container binds; the right place answers."""
    def setup(self):
        self.inner = closed_port()

    def challenge(self, error=None, description=None):
        return super().challenge(error, description).replace(self.origin, f"http://0.0.0.0:{self.inner}")


main(Case)
