/** Texts as Xen's tools print them on a host that does not exist: written for the tests. */

export const XL_INFO = `host                   : testbox
release                : 6.1.0-test
version                : #1 SMP PREEMPT_DYNAMIC Test 6.1.0
machine                : x86_64
nr_cpus                : 12
max_cpu_id             : 11
nr_nodes               : 1
cores_per_socket       : 6
threads_per_core       : 2
cpu_mhz                : 2394.563
hw_caps                : bfebfbff:77fef3ff:2c100800:00000121:0000000f:d19ffffb:00000018:00000100
virt_caps              : pv hvm hvm_directio pv_directio hap shadow
total_memory           : 32641
free_memory            : 20480
sharing_freed_memory   : 0
free_cpus              : 0
xen_major              : 4
xen_minor              : 17
xen_extra              : .3
xen_version            : 4.17.3
xen_caps               : xen-3.0-x86_64 hvm-3.0-x86_32 hvm-3.0-x86_32p hvm-3.0-x86_64
xen_scheduler          : credit2
platform_params        : virt_start=0xffff800000000000
xen_changeset          :
xen_commandline        : placeholder dom0_mem=4096M,max:4096M
cc_compile_date        : Mon Jan  1 10:11:12 UTC 2024
xend_config_format     : 4
`;

/** `xen-cpuid`: words of ten registers, the older names, and one set that this Xen lacks. */
export const XEN_CPUID = `nr_features: 10
                    KEY 1d       1c       e1d      e1c      Da1      7b0      7c0      e7d      e8b      7d0

Static sets:
Known                     ffffffff:ffffffff:ffffffff:ffffffff:0000000f:ffffffff:ffffffff:00000500:ffffffff:ffffffff
HVM Hap Max               17cbfbff:f7f83223:2ed3fbff:000007f3:00000007:21dbafbb:0040040e:00000100:00000200:00000000

Dynamic sets:
Raw                       bfebfbff:77fef3ff:2c100800:00000121:0000000f:d19ffffb:00000018:00000100:00000000:9c000400
Host                      bfebf3ff:77faf3ff:2c100800:00000121:0000000f:d19ffffb:00000008:00000100:00000000:9c000400
PV                        1789cbf5:f6f82203:28100800:00000121:00000007:000000a0:00000000:00000100:00000000:8c000400
HVM                       17cbfbff:f7fa3223:2c100800:00000121:00000007:000000a0:00000008:00000100:00000000:9c000400
`;

/** `xen-cpuid -d`: a line of names below each word. */
export const XEN_CPUID_DETAIL = `nr_features: 2

Dynamic sets:
HVM Max                   00000001:00000002
  [00] CPUID 0x00000001.edx fpu
  [01] CPUID 0x00000001.ecx pclmulqdq
`;

/** `xen-cpuid -p`: empty leaves are not printed. */
export const XEN_CPUID_POLICIES = `Xen reports there are maximum 117 leaves and 2 MSRs
Raw policy: 31 leaves, 2 MSRs
 CPUID:
  leaf     subleaf  -> eax      ebx      ecx      edx     
  00000000:ffffffff -> 0000000d:756e6547:6c65746e:49656e69
  00000001:ffffffff -> 000306f2:00100800:77fef3ff:bfebfbff
  80000008:ffffffff -> 0000302e:00000000:00000000:00000000
 MSRs:
  index    -> value           
  000000ce -> 0000000080000000
  0000010a -> 0000000000000000
HVM Max policy: 4 leaves, 2 MSRs
 CPUID:
  leaf     subleaf  -> eax      ebx      ecx      edx     
  00000000:ffffffff -> 0000000d:756e6547:6c65746e:49656e69
  00000007:00000000 -> 00000000:000000a0:00000000:00000000
  0000000d:00000000 -> 00000007:00000340:00000340:00000000
 MSRs:
  index    -> value           
  000000ce -> 0000000080000000
  0000010a -> 0000000000000001
PV Default policy not supported by Xen
`;
