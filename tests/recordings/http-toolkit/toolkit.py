"""Writes what node.mjs took down of mockttp's events in the shape of HTTP Toolkit's HAR export."""
import json,glob,datetime
for f in glob.glob('mockttp-*.json'):
    ev=json.load(open(f)); byid={}
    for e in ev: byid.setdefault(e['id'],{})[e['kind']]=e
    entries=[]
    def heads(raw):
        d={}
        for k,v in raw: d.setdefault(k.lower(),[]).append(v)
        return [{'name':k,'value':','.join(v)} for k,v in d.items()]
    for one in byid.values():
        q=one['request']; a=one.get('response')
        start=q['timing'].get('startTime')
        url=q['url']
        qh=heads(q['rawHeaders']); ah=heads(a['rawHeaders']) if a else []
        get=lambda hs,n: next((h['value'] for h in hs if h['name']==n),None)
        entries.append({'pageref':'Unknown','startedDateTime':datetime.datetime.fromtimestamp(start/1000,datetime.timezone.utc).isoformat(timespec='milliseconds'),'time':5,
          'request':{'method':q['method'],'url':url,'httpVersion':'HTTP/1.1','cookies':[],'headers':qh,'queryString':[],**({'postData':{'mimeType':get(qh,'content-type') or 'application/octet-stream','text':q['text'],'params':[]}} if q['text'] else {}),'headersSize':-1,'bodySize':len(q['text'] or '')},
          'response':{'status':a['statusCode'],'statusText':a['statusMessage'],'httpVersion':'HTTP/1.1','cookies':[],'headers':ah,'content':{'mimeType':get(ah,'content-type') or 'application/octet-stream','size':len(a['text'] or ''),'text':a['text']},'redirectURL':'','headersSize':-1,'bodySize':len(a['text'] or '')} if a else {'status':0,'statusText':'','httpVersion':'','headers':[],'cookies':[],'content':{'size':0,'mimeType':'application/x-unknown'},'redirectURL':'','headersSize':-1,'bodySize':-1},
          'cache':{},'timings':{'blocked':-1,'dns':-1,'connect':-1,'ssl':-1,'send':1,'wait':3,'receive':1}})
    entries.sort(key=lambda e:e['startedDateTime'])
    json.dump({'log':{'version':'1.2','creator':{'name':'HTTP Toolkit','version':'1.20.1'},'pages':[{'id':'Unknown','title':'Unknown','startedDateTime':entries[0]['startedDateTime'],'pageTimings':{}}],'entries':entries}},open(f.replace('mockttp-','toolkit-').replace('.json','.har'),'w'))
