from base import *

import subprocess

NODE = "let d=[];process.stdin.on('data',c=>d.push(c)).on('end',()=>process.stdout.write(require('zlib').brotliCompressSync(Buffer.concat(d))))"


class Case(Base):
    """A middleware compresses large answers with Brotli, whatever the request accepts: initialize is small, tools/list is not."""
    def tools_list(self, r, ident):
        print("accept-encoding:", r.headers.get("Accept-Encoding"), file=sys.stderr)
        many = [{**TOOLS[0], "name": f"tool_{n}", "description": "A tool with a long description. " * 10} for n in range(30)]
        body = json.dumps({"jsonrpc": "2.0", "id": ident, "result": {"tools": many}}).encode()
        small = subprocess.run(["node", "-e", NODE], input=body, capture_output=True, timeout=10).stdout
        return 200, {"Content-Type": "application/json", "Content-Encoding": "br", "Vary": "Accept-Encoding"}, small


main(Case)
