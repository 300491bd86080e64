from base import *

class Case(Base):
    """The tunnel to the server is down."""
    def handle(self, r):
        return 530, {"Content-Type": "text/plain; charset=UTF-8", "Server": "cloudflare", "CF-RAY": "8f0-FRA"}, "error code: 1033"


main(Case)
