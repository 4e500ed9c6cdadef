/**
 * The texts of `xenstream help TOPIC`, which the man page repeats. Words about the contract; the
 * contract itself is kept by the commands. At most 80 columns.
 */
import { EXIT_CODES } from "./exit-codes.js";

/** A text that is no command's. */
export interface Topic {
  readonly name: string;
  readonly title: string;
  /** Paragraphs with an empty line between; one that begins with spaces is kept as it is. */
  readonly text: string;
}

const PROFILES = `
A profile decides how severe a breach of a rule is. An error rejects the image,
a warning or a note does not.

  restore   reject what Xen's restorer rejects, or would crash on; warn of the
            rest. The default: will this image come back?
  strict    reject also what the format documents and Xen's own stream verifier
            forbid. For those who write such images.

Findings are the same under both, and so is the memory that restore reports: a
record that Xen's restorer refuses has no effect under either. docs/RULES.md
lists every rule with its severity in each, and where the two differ.
`;

const JSON_TEXT = `
With --json a command prints one document on standard output and nothing else;
errors still go to standard error. Fields are only ever added.

  v, command, tool    version of the document (1), what was asked, of whom
  files[]             one object a file (inspect: its fields stand at the top)
  file, bytes         as named; bytes after decompression
  verdict             accept or reject; a reject carries an error
  profile, elapsedMs  as chosen; from opening the input to the verdict
  container           formats, outermost first: ["xl", "libxl", "libxc"]
  stream              version, guest, xen, records, recordTypes, entries,
                      dataPages, pageTypes, checkpoints, trailingBytes
  findings[]          rule, severity, layer, byteOffset, message, and where they
                      apply recordIndex, recordType, entryIndex, expected,
                      actual, hint, field (the place of what is wrong:
                      byteOffset, bytes), excerpt (bytes around, of a file)
  host                with --on: name, verdict (fits or blocked), blocking[]
                      (rule, message, beyondXen), needs, notChecked[]; findings
                      of it carry onHost, beyondXen where Xen would not refuse
  suppressed          checks left out: what they rest on was refused
  memory, hvmParams, completion, genid, emulator, xenstore       restore
  headers, records, batches, hvmContext, cpuPolicy, config       inspect

batch prints an object a line instead: type "begin", then "file" for each image
as it is done (the fields of files[], or an error with code, message and
exitCode), then "summary" (files, accepted, rejected, failed, bytes, elapsedMs).

Byte counts and offsets are numbers, raw 64-bit values hex strings ("0x..."),
hashes lower-case hex. Two runs differ in elapsedMs alone.

  xenstream verify --json *.save | jq '.files[] | {file, verdict}'
  xenstream verify --json vm.save | jq '.files[0].findings[] | .rule'
`;

const EXIT_CODES_TEXT = `
The same for every command; of several files the highest counts.

${EXIT_CODES.map(([code, meaning]) => `  ${code.padEnd(5)}${meaning}`).join("\n")}

A reader that closes the pipe (head, less) is no error. Ctrl-C stops at once;
nothing half-written stays behind.
`;

const FORMATS = `
Formats are told by their first bytes and may be nested; "container" lists them
outermost first.

  xl            save file of xl: config, then a libxl stream
  libvirt       save file of libvirt's libxl driver: domain XML, then a stream
  xapi          suspend image of XAPI (xenopsd), structured or old
  xend          save file of xend (xm)
  libxl         libxl migration stream v2: a libxc stream and emulator state
  libxc         libxc migration stream v2 and v3: the pages and the machine
  legacy        streams of Xen 4.5 and older, of 32- and 64-bit toolstacks
  xenstore      migration stream of xenstored, versions 1 and 2
  qemu          bare device model state
  hvm-context   bare HVM context
  gzip, zstd, xz, lz4    compression around any of them

--format-hint NAME helps where the bytes cannot tell (legacy32 and legacy64 name
the width of a legacy stream too). A file, a pipe, a FIFO or a block device will
do; "-" is standard input. Checkpointed streams (Remus, COLO) want
--checkpointed, as nothing in a bare stream says that it is one.
`;

const RULES_TEXT = `
Each finding names the rule it breaks, as LC-PG-5. The letters tell the format:

  LC   libxc stream              LL   libxl stream
  XL   xl save file              LV   libvirt save file
  XA   XAPI image                DT   detection, xend and others
  HP   HVM parameters            HC   HVM context
  VG   VM Generation ID          XS   Xenstore stream
  LG   legacy stream             HF   the host that is to restore

"xenstream explain ID" tells a rule with its source, severities, an example and
what to do; docs/RULES.md lists them all. Ids never change and are never used
again.
`;

const HOSTS = `
verify --on HOST.json asks beyond "is it right?" also "will it restore there?".
HOST.json describes the host; "xenstream host" writes one, from options and from
what the host's own tools print:

  xl info > info; xen-cpuid -p > cpu                    on the host
  xenstream host --xl-info info --xen-cpuid cpu -o b.json
  xenstream verify --on b.json vm.save                  exit 1 if it would not

Looked at are the stream's version, records, lengths and parameters against the
limits of the host's release; the CPU policies of the image against the most
that guests get there, bit by bit; registers and extended state in use; memory,
vcpus, kind of guest, device model, TSC. Each reason names the record, leaf,
register, bit or limit. What Xen itself would not refuse, and estimates, are
marked "beyond Xen's own checks". What neither file tells is not checked, and
the report says so: "nothing known is in the way" is no more than that.

docs/host.md describes the file and every check; docs/host.schema.json is its
JSON Schema.
`;

const REPORTS = `
Beside what they print, verify and batch write reports for other programs. Any
number of them at once; "-" sends one of them to standard output, in place of
the text. A file appears once it is whole.

  --junit FILE        JUnit XML (Jenkins, GitLab): an image is a test, rejected
                      a failure, one without a verdict an error
  --sarif FILE        SARIF 2.1.0 (GitHub code scanning): a finding is a result,
                      with its rule and its bytes in the image
  --html FILE         one page to read and to keep, the worst images first
  --prometheus FILE   metrics for node_exporter's textfile collector
  --github            GitHub Actions: annotations in the log (on standard error
                      if standard output is a document), and a summary appended
                      to the file that GITHUB_STEP_SUMMARY names

What other tools take is bounded, and what goes beyond is counted in the report;
--json has all. SARIF: 20,000 errors, 5,000 warnings and notes, shared fairly
among images. Annotations: 10 errors, 10 warnings. Step summary: 500 images,
1 MB. JUnit: 10,000 findings an image. HTML: 5,000 images, 200 of them with 100
findings each. Prometheus: 10,000 images. docs/ci.md has whole workflows.

  xenstream verify *.save --junit junit.xml --html report.html
`;

const URLS = `
Wherever a command reads an image, FILE may be a URL. Of a seekable object only
what is asked for is fetched: the structure of a large image is verified by less
than a hundredth of its bytes. The object must stay as it is meanwhile: one that
is replaced is an error (exit 2), told by its ETag, never a mixture of two.

  https://HOST/PATH   read by Range requests; http:// too. A server that gives
                      no ranges is read as a pipe is (--verbose says so).
                      https://USER:PASSWORD@HOST/ gives basic credentials
  s3://BUCKET/KEY     read by the AWS SDK, once it was installed:
                        npm install @aws-sdk/client-s3
                      beside xenstream or in the current project. The key is
                      taken as it stands; behind it may stand, joined by "&",
                        ?versionId=ID&region=NAME&pathStyle=true|false

Failures that may pass (429, 5xx, broken connections, short bodies, silence of
30 s) are gone over up to 6 times within 2 minutes, or as Retry-After says. Up
to 10 redirects are followed, none from https to http. Users, passwords and the
values of a query are shown as ***. Compressed objects are decompressed on the
way. These variables of the environment count:

  NODE_EXTRA_CA_CERTS   file of further certificates to trust (PEM)
  NODE_USE_ENV_PROXY=1  use the proxies that HTTPS_PROXY, HTTP_PROXY, NO_PROXY
                        name: Node.js 22.21, 24.5 or newer; older ones, and s3
                        URLs, know no proxies
  AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_PROFILE
                        credentials, as all AWS tools take them
  AWS_REGION            region; else AWS_DEFAULT_REGION, or the profile's
  AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL
                        another service than Amazon's; buckets are then put into
                        the path of requests, not into the host name
  XENSTREAM_S3_PATH_STYLE
                        true or false: where to put buckets, if not so

  xenstream verify https://backup.example/vm.save
  xenstream verify s3://backups/2026/vm.save.zst
`;

/** Every topic, in the order in which they are listed. */
export const TOPICS: readonly Topic[] = [
  { name: "profiles", title: "Profiles: what rejects an image", text: PROFILES.trim() },
  { name: "json", title: "JSON documents", text: JSON_TEXT.trim() },
  { name: "exit-codes", title: "Exit codes", text: EXIT_CODES_TEXT.trim() },
  { name: "formats", title: "Formats that are read", text: FORMATS.trim() },
  { name: "hosts", title: "Hosts: will it restore there?", text: HOSTS.trim() },
  { name: "reports", title: "Report files for CI systems", text: REPORTS.trim() },
  { name: "rules", title: "Rules and their ids", text: RULES_TEXT.trim() },
  { name: "urls", title: "URLs as inputs", text: URLS.trim() },
];
