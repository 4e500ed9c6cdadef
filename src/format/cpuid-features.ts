/**
 * Names of CPUID feature bits in the main leaves, as the processor vendors publish them, in the
 * usual lower-case spelling. Names only; a bit without a name here is "-".
 * Sources: Intel SDM volume 2A (CPUID); AMD APM volume 3, appendix E.
 */

/** A register that the instruction fills. */
export type CpuidRegister = "eax" | "ebx" | "ecx" | "edx";

/** One register of one leaf whose bits are features; `names[bit]` is null where unnamed. */
export interface CpuidFeatureWord {
  readonly leaf: number;
  readonly subleaf: number;
  readonly register: CpuidRegister;
  readonly names: readonly (string | null)[];
}

type Row = readonly [leaf: number, subleaf: number, register: CpuidRegister, names: string];

// Bits ascending from 0.
const ROWS: readonly Row[] = [
  [
    0x1,
    0,
    "edx",
    "fpu vme de pse tsc msr pae mce cx8 apic - sep mtrr pge mca cmov " +
      "pat pse36 psn clfsh - ds acpi mmx fxsr sse sse2 ss htt tm ia64 pbe",
  ],
  [
    0x1,
    0,
    "ecx",
    "sse3 pclmulqdq dtes64 monitor ds-cpl vmx smx eist tm2 ssse3 cnxt-id sdbg fma cx16 xtpr pdcm " +
      "- pcid dca sse4.1 sse4.2 x2apic movbe popcnt tsc-deadline aesni xsave osxsave avx f16c " +
      "rdrand hypervisor",
  ],
  [
    0x7,
    0,
    "ebx",
    "fsgsbase tsc-adjust sgx bmi1 hle avx2 fdp-excp-only smep bmi2 erms invpcid rtm pqm " +
      "zero-fcs-fds mpx pqe avx512f avx512dq rdseed adx smap avx512-ifma pcommit clflushopt clwb " +
      "proc-trace avx512pf avx512er avx512cd sha avx512bw avx512vl",
  ],
  [
    0x7,
    0,
    "ecx",
    "prefetchwt1 avx512-vbmi umip pku ospke waitpkg avx512-vbmi2 cet-ss gfni vaes vpclmulqdq " +
      "avx512-vnni avx512-bitalg tme avx512-vpopcntdq - la57 - - - - - rdpid kl bus-lock-detect " +
      "cldemote - movdiri movdir64b enqcmd sgx-lc pks",
  ],
  [
    0x7,
    0,
    "edx",
    "- sgx-keys avx512-4vnniw avx512-4fmaps fsrm uintr - - avx512-vp2intersect srbds-ctrl " +
      "md-clear rtm-always-abort - tsx-force-abort serialize hybrid tsxldtrk - pconfig arch-lbr " +
      "cet-ibt - amx-bf16 avx512-fp16 amx-tile amx-int8 ibrsb stibp l1d-flush arch-caps core-caps " +
      "ssbd",
  ],
  [
    0x7,
    1,
    "eax",
    "sha512 sm3 sm4 rao-int avx-vnni avx512-bf16 lass cmpccxadd archperfmonext - fzrm fsrs fsrcs " +
      "- - - - fred lkgs wrmsrns nmi-src amx-fp16 hreset avx-ifma - - lam msrlist - - - movrs",
  ],
  [
    0xd,
    1,
    "eax",
    "xsaveopt xsavec xgetbv1 xsaves xfd - - - - - - - - - - - - - - - - - - - - - - - - - - -",
  ],
  [
    0x8000_0001,
    0,
    "edx",
    "- - - - - - - - - - - syscall - - - - - - - mp nx - mmx+ - - ffxsr page1gb rdtscp - lm " +
      "3dnow+ 3dnow",
  ],
  [
    0x8000_0001,
    0,
    "ecx",
    "lahf-lm cmp-legacy svm extapic cr8-legacy abm sse4a misalignsse 3dnowprefetch osvw ibs xop " +
      "skinit wdt - lwp fma4 tce - nodeid-msr - tbm topoext perfctr-core perfctr-nb - " +
      "data-bp-ext perf-tsc perfctr-llc monitorx addr-mask-ext -",
  ],
  [
    0x8000_0007,
    0,
    "edx",
    "ts fid vid ttp tm stc 100mhz-steps hw-pstate itsc cpb eff-freq-ro proc-feedback " +
      "proc-power - - - - - - - - - - - - - - - - - - -",
  ],
  [
    0x8000_0008,
    0,
    "ebx",
    "clzero irperf xsaveerptr invlpgb rdpru - mbe - mcommit wbnoinvd - - ibpb int-wbinvd ibrs " +
      "stibp ibrs-always stibp-always ibrs-fast ibrs-same-mode no-lmsl tlbi-nested - ppin ssbd " +
      "virt-ssbd ssb-no cppc psfd btc-no ibpb-ret -",
  ],
  [
    0x8000_0021,
    0,
    "eax",
    "no-nest-bp fs-gs-ns lfence+ smm-pg-cfg-lock - - nscb uai autoibrs no-smm-ctl-msr fsrs fsrc - " +
      "prefetch-ctl-msr - - - cpuid-user-dis epsf - - - - - - - - sbpb ibpb-brtype srso-no " +
      "srso-us-no srso-msr-fix",
  ],
];

/** The feature words, leaf by leaf. */
export const CPUID_FEATURES: readonly CpuidFeatureWord[] = ROWS.map(
  ([leaf, subleaf, register, names]) => ({
    leaf,
    subleaf,
    register,
    names: names.split(" ").map((name) => (name === "-" ? null : name)),
  }),
);

/** Where a feature's bit stands; where two words have the name, in the first. */
export const CPUID_FEATURE_PLACES: ReadonlyMap<
  string,
  { readonly word: CpuidFeatureWord; readonly bit: number }
> = new Map(
  CPUID_FEATURES.toReversed().flatMap((word) =>
    word.names.flatMap((name, bit) => (name === null ? [] : [[name, { word, bit }]])),
  ),
);
