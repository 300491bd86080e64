from base import *

class Case(Base):
    """The token endpoint tells its error with status 200, as GitHub does when the secret is missing."""
    def token(self, r):
        return 200, {"Content-Type": "application/json; charset=utf-8"}, {"error": "incorrect_client_credentials", "error_description": "The client_id and/or client_secret passed are incorrect.", "error_uri": "https://docs.example.com/troubleshooting"}


main(Case)
