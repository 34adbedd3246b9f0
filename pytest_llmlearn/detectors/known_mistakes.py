"""Names that models often write and that do not exist, with what was meant.

Facts from the documentation of Python's standard library: most of the names are those of other languages, of another
module, or of Python 2. A name that is missing from the tables proves nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

_OF_MODULES = """
json.parse=json.loads json.decode=json.loads json.stringify=json.dumps json.encode=json.dumps json.read=json.load
json.write=json.dump json.load_file=json.load json.from_string=json.loads json.to_string=json.dumps
statistics.average=statistics.mean statistics.avg=statistics.mean statistics.std=statistics.stdev
statistics.stddev=statistics.stdev statistics.var=statistics.variance statistics.max=max statistics.min=min
math.average=statistics.mean math.mean=statistics.mean math.median=statistics.median math.max=max math.min=min
math.abs=abs math.round=round math.sum=sum math.power=math.pow math.square=pow math.Pi=math.pi math.PI=math.pi
math.infinity=math.inf math.is_nan=math.isnan math.random=random.random math.ln=math.log math.sqr=math.sqrt
math.sign=math.copysign
os.exists=os.path.exists os.isfile=os.path.isfile os.is_file=os.path.isfile os.isdir=os.path.isdir
os.is_dir=os.path.isdir os.join=os.path.join os.basename=os.path.basename os.dirname=os.path.dirname
os.abspath=os.path.abspath os.copy=shutil.copy os.move=shutil.move os.rmtree=shutil.rmtree os.delete=os.remove
os.getsize=os.path.getsize os.mkdirs=os.makedirs os.sleep=time.sleep os.glob=glob.glob os.path.mkdir=os.mkdir
os.path.listdir=os.listdir os.path.remove=os.remove os.path.getcwd=os.getcwd os.path.makedirs=os.makedirs
time.clock=time.perf_counter time.now=time.time time.wait=time.sleep time.datetime=datetime.datetime
time.current_time=time.time datetime.now=datetime.datetime.now datetime.today=datetime.date.today
datetime.strptime=datetime.datetime.strptime datetime.strftime=datetime.datetime.strftime
datetime.utcnow=datetime.datetime.now datetime.fromisoformat=datetime.datetime.fromisoformat
datetime.fromtimestamp=datetime.datetime.fromtimestamp datetime.Date=datetime.date
string.join=str.join string.split=str.split string.lower=str.lower string.upper=str.upper string.strip=str.strip
string.replace=str.replace string.find=str.find string.letters=string.ascii_letters
string.lowercase=string.ascii_lowercase string.uppercase=string.ascii_uppercase string.maketrans=str.maketrans
random.rand=random.random random.integer=random.randint random.randInt=random.randint random.int=random.randint
random.shuffled=random.sample random.select=random.choice re.matches=re.match re.test=re.search re.replace=re.sub
re.find=re.search re.find_all=re.findall re.match_all=re.finditer sys.maxint=sys.maxsize
sys.args=sys.argv itertools.flatten=itertools.chain.from_iterable
itertools.map=map itertools.filter=filter itertools.zip=zip itertools.pairs=itertools.pairwise
functools.memoize=functools.cache functools.curry=functools.partial
collections.defaultDict=collections.defaultdict collections.HashMap=dict collections.Queue=collections.deque
collections.Stack=list collections.Dict=dict collections.List=list
copy.clone=copy.copy copy.deep_copy=copy.deepcopy hashlib.hash=hashlib.sha256 base64.encode_string=base64.b64encode
asyncio.spawn=asyncio.create_task asyncio.delay=asyncio.sleep asyncio.run_sync=asyncio.run
asyncio.all=asyncio.gather asyncio.join=asyncio.gather threading.sleep=time.sleep
subprocess.execute=subprocess.run subprocess.exec=subprocess.run shutil.delete=shutil.rmtree
shutil.copydir=shutil.copytree uuid.uuid=uuid.uuid4 uuid.generate=uuid.uuid4 uuid.v4=uuid.uuid4
csv.read=csv.reader csv.write=csv.writer csv.load=csv.DictReader csv.open=csv.reader pathlib.join=pathlib.Path
typing.list=list typing.dict=dict typing.Int=int typing.String=str typing.Float=float heapq.push=heapq.heappush
heapq.pop=heapq.heappop bisect.search=bisect.bisect_left bisect.bisearch=bisect.bisect_left
"""

_SIZED = {"length": "len(…)", "size": "len(…)", "len": "len(…)", "count_items": "len(…)", "isEmpty": "not …"}
_LISTS = {
    "add": "'append'", "push": "'append'", "append_all": "'extend'", "addAll": "'extend'", "concat": "'extend' or '+'",
    "contains": "'in'", "includes": "'in'", "indexOf": "'index'", "shift": "'pop(0)'", "unshift": "'insert(0, …)'",
    "first": "[0]", "last": "[-1]", "find": "'index' or 'in'", "get": "an index such as [0]", "map": "a comprehension",
    "filter": "a comprehension", "forEach": "a for loop", "foreach": "a for loop", "reduce": "functools.reduce",
    "join": "separator.join(…)", "removeAt": "'pop'", "delete": "'remove' or 'del'", "slice": "a slice such as [1:3]",
    "sum": "sum(…)", "max": "max(…)", "min": "min(…)", "mean": "statistics.mean(…)", "sorted": "sorted(…)",
    "reversed": "reversed(…)", "unique": "set(…)", "isempty": "not …", "is_empty": "not …", "empty": "not …",
}  # fmt: skip
_DICTS = {
    "has_key": "'in'", "has": "'in'", "contains": "'in'", "containsKey": "'in'", "hasOwnProperty": "'in'",
    "iteritems": "'items'", "itervalues": "'values'", "iterkeys": "'keys'", "viewitems": "'items'",
    "entries": "'items'", "put": "[key] = value", "set": "[key] = value", "add": "[key] = value",
    "append": "[key] = value", "remove": "'pop' or 'del'", "delete": "'pop' or 'del'", "merge": "'update' or '|'",
    "sort": "sorted(…)", "first": "next(iter(…))", "getOrDefault": "'get'", "is_empty": "not …",
}  # fmt: skip
_TEXTS = {
    "contains": "'in'", "includes": "'in'", "has": "'in'", "toLowerCase": "'lower'", "toUpperCase": "'upper'",
    "tolower": "'lower'", "toupper": "'upper'", "to_lower": "'lower'", "to_upper": "'upper'", "trim": "'strip'",
    "substring": "a slice such as [1:3]", "substr": "a slice such as [1:3]", "slice": "a slice such as [1:3]",
    "charAt": "an index such as [0]", "indexOf": "'find'", "startsWith": "'startswith'", "endsWith": "'endswith'",
    "replaceAll": "'replace'", "reverse": "[::-1]", "append": "'+' or ''.join(…)", "push": "'+' or ''.join(…)",
    "decode": "nothing: it is text already", "isNumeric": "'isdigit'", "is_digit": "'isdigit'", "match": "re.match",
    "padStart": "'rjust'", "padEnd": "'ljust'", "repeat": "'*'", "sort": "sorted(…)", "reversed": "[::-1]",
}  # fmt: skip
_SETS = {
    "append": "'add'", "push": "'add'", "insert": "'add'", "contains": "'in'", "has": "'in'", "delete": "'discard'",
    "extend": "'update'", "addAll": "'update'", "sort": "sorted(…)", "index": "a list", "is_empty": "not …",
    "isempty": "not …",
}  # fmt: skip


@cache
def _of_classes() -> Mapping[str, Mapping[str, str]]:
    tuples = {name: word for name, word in _LISTS.items() if "append" not in word and "pop" not in word}
    tuples |= dict.fromkeys(("append", "add", "push", "extend", "insert", "remove", "sort", "pop"), "a list")
    texts, sets = _SIZED | _TEXTS, _SIZED | _SETS
    return MappingProxyType({
        "list": _SIZED | _LISTS, "tuple": _SIZED | tuples, "dict": _SIZED | _DICTS, "str": texts, "set": sets,
        "frozenset": _SIZED | {"contains": "'in'", "add": "a set", "remove": "a set"}, "bytes": _SIZED,
        "range": _SIZED, "deque": _SIZED | {"push": "'append'", "enqueue": "'append'", "dequeue": "'popleft'"},
    })  # fmt: skip


@cache
def _of_modules() -> Mapping[str, str]:
    table: dict[str, str] = {}
    for entry in _OF_MODULES.split():
        wrong, _, meant = entry.partition("=")
        table[wrong] = meant
    return MappingProxyType(table)


def meant_of_module(name: str) -> str | None:
    """The dotted name that was meant by `name` of a standard module, as in `json.parse`."""
    return _of_modules().get(name)


def meant_of_class(of: str, name: str) -> str | None:
    """What to use in place of the attribute `name` of the built-in class `of`; words that follow "use"."""
    return _of_classes().get(of, {}).get(name)
