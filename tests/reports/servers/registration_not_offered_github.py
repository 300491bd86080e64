from base import *

class Case(Base):
    """No registration endpoint: a client has to be registered by hand."""
    def metadata(self):
        return {k: v for k, v in super().metadata().items() if k != "registration_endpoint"}


main(Case)
