from base import *

class Case(Base):
    """The callback has no iss, and the metadata promises none: lawful."""
    def metadata(self):
        return {k: v for k, v in super().metadata().items() if k != "authorization_response_iss_parameter_supported"}

    def callback(self, redirect_uri, values):
        return super().callback(redirect_uri, {k: v for k, v in values.items() if k != "iss"})


main(Case)
