from base import *

class Case(Base):
    """The tunnel's agent does not run."""
    def handle(self, r):
        page = "<!DOCTYPE html><html><head><title>ngrok</title></head><body><noscript>The endpoint abc.ngrok-free.app is offline. (ERR_NGROK_3200)</noscript></body></html>"
        return 404, {"Content-Type": "text/html", "Ngrok-Error-Code": "ERR_NGROK_3200"}, page


main(Case)
