"""Where much used names live, and where names went that libraries moved or took away.

Facts from the libraries' own release notes and, for the standard library, from "What's New" of Python 3.9 to 3.14
and PEP 594, 632 and 585. A name that is missing from the tables proves nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

REMOVED_MODULES: Mapping[str, str] = MappingProxyType(
    {
        "aifc": "the package standard-aifc",
        "asynchat": "asyncio",
        "asyncore": "asyncio",
        "binhex": "binascii",
        "cgi": "urllib.parse for queries, email.message for headers",
        "cgitb": "traceback",
        "chunk": "the package standard-chunk",
        "crypt": "hashlib, or the package bcrypt",
        "distutils": "setuptools, sysconfig, shutil",
        "formatter": "textwrap",
        "imghdr": "the package filetype",
        "imp": "importlib",
        "lib2to3": "the package libcst",
        "mailcap": "mimetypes",
        "msilib": "a packaging tool",
        "nntplib": "the package standard-nntplib",
        "parser": "ast",
        "pipes": "shlex, subprocess",
        "smtpd": "the package aiosmtpd",
        "sndhdr": "the package filetype",
        "spwd": "the package python-pam",
        "sunau": "the package standard-sunau",
        "symbol": "ast",
        "telnetlib": "the package telnetlib3",
        "uu": "base64",
        "xdrlib": "struct",
        "ConfigParser": "configparser",
        "Queue": "queue",
        "StringIO": "io",
        "Tkinter": "tkinter",
        "__builtin__": "builtins",
        "cPickle": "pickle",
        "cStringIO": "io",
        "commands": "subprocess",
        "cookielib": "http.cookiejar",
        "httplib": "http.client",
        "md5": "hashlib",
        "sets": "the built-in set",
        "urllib2": "urllib.request",
        "urlparse": "urllib.parse",
        "numpy.core": "numpy's public names",
        "scipy.misc": "scipy.datasets or scipy.special",
        "skimage.filter": "skimage.filters",
        "sklearn.cross_validation": "sklearn.model_selection",
        "sklearn.externals": "joblib itself",
        "sklearn.grid_search": "sklearn.model_selection",
        "tensorflow.contrib": "tensorflow_addons, or tensorflow itself",
        "pandas.util.testing": "pandas.testing",
        "langchain.chat_models": "langchain_openai and its like",
        "pydantic.error_wrappers": "pydantic.ValidationError",
        "flask.ext": "the extension's own package",
        "google.appengine": "the Cloud libraries",
    }
)
"""Modules that went away, and what to use instead."""

_ABSTRACT = (
    "Callable Container Hashable ItemsView Iterable Iterator KeysView Mapping MappingView MutableMapping"
    " MutableSequence MutableSet Sequence Set Sized ValuesView"
)

_MOVED = """
asyncio.async=asyncio.create_task asyncio.coroutine=the_async_def_statement asyncio.get_event_loop=asyncio.run
base64.decodestring=base64.decodebytes base64.encodestring=base64.encodebytes cgi.escape=html.escape
cgi.parse_qs=urllib.parse.parse_qs flask.escape=markupsafe.escape flask.Markup=markupsafe.Markup
fractions.gcd=math.gcd gettext.lgettext=gettext.gettext inspect.formatargspec=inspect.signature
inspect.getargspec=inspect.getfullargspec itertools.ifilter=the_built-in_filter itertools.imap=the_built-in_map
itertools.izip=the_built-in_zip itertools.izip_longest=itertools.zip_longest jinja2.contextfilter=jinja2.pass_context
jinja2.escape=markupsafe.escape jinja2.Markup=markupsafe.Markup locale.format=locale.format_string
networkx.from_numpy_matrix=networkx.from_numpy_array networkx.to_numpy_matrix=networkx.to_numpy_array
numpy.alltrue=numpy.all numpy.asfarray=numpy.asarray numpy.asscalar=ndarray.item numpy.bool8=numpy.bool_
numpy.complex=complex numpy.cumproduct=numpy.cumprod numpy.float=float numpy.float_=numpy.float64
numpy.in1d=numpy.isin numpy.Inf=numpy.inf numpy.infty=numpy.inf numpy.int0=numpy.intp numpy.int=int numpy.long=int
numpy.mat=numpy.asmatrix numpy.NAN=numpy.nan numpy.NaN=numpy.nan numpy.object=object numpy.product=numpy.prod
numpy.row_stack=numpy.vstack numpy.sometrue=numpy.any numpy.str=str numpy.string_=numpy.bytes_
numpy.trapz=numpy.trapezoid numpy.unicode_=numpy.str_ os.errno=errno os.getcwdu=os.getcwd os.popen2=subprocess.Popen
pandas.Float64Index=pandas.Index pandas.Int64Index=pandas.Index pandas.io.json.json_normalize=pandas.json_normalize
pandas.Panel=pandas.DataFrame pandas.rolling_mean=pandas.Series.rolling platform.dist=the_package_distro
platform.linux_distribution=the_package_distro pydantic.BaseSettings=pydantic_settings.BaseSettings
scipy.cumtrapz=scipy.integrate.cumulative_trapezoid scipy.integrate.cumtrapz=scipy.integrate.cumulative_trapezoid
scipy.integrate.simps=scipy.integrate.simpson scipy.integrate.trapz=scipy.integrate.trapezoid
scipy.misc.comb=scipy.special.comb scipy.misc.factorial=scipy.special.factorial scipy.misc.imread=imageio.v3.imread
scipy.misc.imresize=skimage.transform.resize scipy.misc.imsave=imageio.v3.imwrite
scipy.misc.logsumexp=scipy.special.logsumexp scipy.signal.gaussian=scipy.signal.windows.gaussian
scipy.signal.hann=scipy.signal.windows.hann scipy.stats.binom_test=scipy.stats.binomtest
scipy.stats.median_absolute_deviation=scipy.stats.median_abs_deviation skimage.feature.blob=skimage.feature.blob_log
skimage.feature.greycomatrix=skimage.feature.graycomatrix skimage.feature.greycoprops=skimage.feature.graycoprops
skimage.filters.gaussian_filter=skimage.filters.gaussian
skimage.filters.threshold_adaptive=skimage.filters.threshold_local
skimage.measure.compare_mse=skimage.metrics.mean_squared_error
skimage.measure.compare_psnr=skimage.metrics.peak_signal_noise_ratio
skimage.measure.compare_ssim=skimage.metrics.structural_similarity
skimage.morphology.selem=skimage.morphology.footprints skimage.morphology.watershed=skimage.segmentation.watershed
sklearn.datasets.load_boston=sklearn.datasets.fetch_california_housing
sklearn.metrics.plot_confusion_matrix=sklearn.metrics.ConfusionMatrixDisplay
sklearn.metrics.plot_roc_curve=sklearn.metrics.RocCurveDisplay
sklearn.preprocessing.CategoricalEncoder=sklearn.preprocessing.OneHotEncoder
sklearn.preprocessing.Imputer=sklearn.impute.SimpleImputer
sqlalchemy.ext.declarative.declarative_base=sqlalchemy.orm.declarative_base string.join=str.join
string.letters=string.ascii_letters string.lowercase=string.ascii_lowercase string.maketrans=str.maketrans
string.uppercase=string.ascii_uppercase sys.maxint=sys.maxsize tensorflow.placeholder=tensorflow.compat.v1.placeholder
tensorflow.Session=tensorflow.compat.v1.Session threading._sleep=time.sleep time.clock=time.perf_counter
types.ListType=list types.NoneType=None typing.io=typing.IO unittest.makeSuite=unittest.TestLoader
urllib.quote=urllib.parse.quote urllib.unquote=urllib.parse.unquote urllib.urlencode=urllib.parse.urlencode
urllib.urlopen=urllib.request.urlopen urllib.urlretrieve=urllib.request.urlretrieve
werkzeug.secure_filename=werkzeug.utils.secure_filename werkzeug.security.safe_str_cmp=hmac.compare_digest
werkzeug.url_encode=urllib.parse.urlencode werkzeug.urls.url_decode=urllib.parse.parse_qs
werkzeug.urls.url_quote=urllib.parse.quote xml.etree.cElementTree=xml.etree.ElementTree
"""

_ALIASES = """
dt=datetime ET=xml.etree.ElementTree F=torch.nn.functional go=plotly.graph_objects gpd=geopandas ic=icecream
jnp=jax.numpy lgb=lightgbm mp=multiprocessing mpl=matplotlib ndi=scipy.ndimage nn=torch.nn np=numpy nx=networkx
optim=torch.optim pd=pandas pl=polars plt=matplotlib.pyplot px=plotly.express sa=sqlalchemy sm=statsmodels.api
smf=statsmodels.formula.api sns=seaborn sp=scipy st=streamlit tf=tensorflow tk=tkinter xgb=xgboost xr=xarray
"""

_HOMES = """
abc: ABC ABCMeta abstractmethod
argparse: ArgumentParser Namespace
collections.abc: AsyncGenerator AsyncIterable AsyncIterator Awaitable Callable Collection Coroutine Generator
collections.abc: Hashable Iterable Iterator Mapping MutableMapping MutableSequence Sequence Sized
collections: ChainMap Counter OrderedDict defaultdict deque namedtuple
concurrent.futures: ProcessPoolExecutor ThreadPoolExecutor as_completed
contextlib: ExitStack asynccontextmanager closing contextmanager suppress redirect_stdout
copy: deepcopy
dataclasses: asdict astuple dataclass
datetime: datetime timedelta timezone
decimal: Decimal InvalidOperation ROUND_HALF_UP
enum: Enum Flag IntEnum IntFlag StrEnum auto
fractions: Fraction
functools: cached_property cmp_to_key lru_cache partial reduce singledispatch total_ordering wraps
hashlib: md5 sha1 sha256
heapq: heapify heappop heappush nlargest nsmallest
html.parser: HTMLParser
http: HTTPStatus
importlib: import_module
io: BytesIO StringIO TextIOWrapper
itertools: accumulate chain combinations cycle groupby islice permutations product repeat starmap takewhile zip_longest
logging: getLogger
math: ceil floor gcd isclose sqrt pi inf factorial comb log10
operator: attrgetter itemgetter
pathlib: Path PurePath PurePosixPath
queue: PriorityQueue Queue
random: choice choices randint shuffle uniform
shutil: copyfile copytree rmtree
statistics: mean median mode stdev
string: Template ascii_letters ascii_lowercase ascii_uppercase digits punctuation
tempfile: NamedTemporaryFile TemporaryDirectory
textwrap: dedent
threading: Event Lock RLock Semaphore Thread Timer
time: perf_counter sleep
types: MappingProxyType ModuleType SimpleNamespace TracebackType
typing: AbstractSet Annotated Any AnyStr BinaryIO ClassVar DefaultDict Deque Dict Final FrozenSet Generic IO List
typing: Literal NamedTuple Never NewType NoReturn Optional ParamSpec Pattern Protocol Self Set SupportsFloat SupportsInt
typing: TextIO Tuple Type TypeAlias TypeVar TypedDict Union cast get_type_hints overload runtime_checkable TYPE_CHECKING
unittest: TestCase
unittest.mock: AsyncMock MagicMock Mock patch
urllib.parse: parse_qs quote unquote urlencode urljoin urlparse urlsplit urlunparse
urllib.request: urlopen
uuid: UUID uuid1 uuid4 uuid5
weakref: WeakKeyDictionary WeakValueDictionary
zoneinfo: ZoneInfo
PIL: Image ImageDraw ImageFilter ImageFont ImageOps ImageEnhance
bs4: BeautifulSoup
django.db: models
fastapi: APIRouter Depends FastAPI HTTPException
flask: Blueprint Flask jsonify render_template
matplotlib: pyplot
pandas: DataFrame Series
pydantic: BaseModel ConfigDict Field ValidationError field_validator model_validator root_validator validator
scipy: ndimage
scipy.ndimage: binary_dilation binary_erosion distance_transform_edt gaussian_filter
scipy.spatial: ConvexHull KDTree cKDTree
scipy.stats: pearsonr spearmanr ttest_ind ttest_rel
skimage.feature: peak_local_max
skimage.filters: threshold_otsu
skimage.measure: regionprops
skimage.morphology: disk white_tophat
skimage.segmentation: watershed
sklearn.linear_model: LinearRegression LogisticRegression
sklearn.model_selection: train_test_split
sklearn.preprocessing: StandardScaler
sqlalchemy: Column ForeignKey create_engine
sqlalchemy.orm: declarative_base relationship sessionmaker
tqdm: tqdm
"""


@cache
def moved_names() -> Mapping[str, str]:
    """Dotted name that is gone, to what to use instead: a dotted name, or words."""
    table = {f"collections.{name}": f"collections.abc.{name}" for name in _ABSTRACT.split()}
    for entry in _MOVED.split():
        gone, _, instead = entry.partition("=")
        table[gone] = instead.replace("_", " ") if instead.startswith("the_") else instead
    return MappingProxyType(table)


@cache
def homes() -> Mapping[str, str]:
    """Name to the module it is imported from."""
    table: dict[str, str] = {}
    for line in _HOMES.strip().splitlines():
        module, _, names = line.partition(": ")
        table.update({name: module for name in names.split() if name not in table})
    return MappingProxyType(table)


@cache
def aliases() -> Mapping[str, str]:
    """Customary short name to the module it stands for: `np` to `numpy`."""
    return MappingProxyType(dict(_split(entry) for entry in _ALIASES.split()))


def _split(entry: str) -> tuple[str, str]:
    name, _, module = entry.partition("=")
    return name, module
