from base import *

class Case(Base):
    """initialize and tools/list are open; only tools/call wants a token, and challenges for it."""
    def gate(self, r):
        if r.method == "POST" and r.json.get("method") != "tools/call":
            return None
        return super().gate(r)


main(Case)
