/**
 * What a breach of each rule of host fit is, said of the image that is to go to the host. The rules
 * themselves are rules/host-fit.ts.
 */

/** By rule, or by "rule/case". */
export const HOST_BREACHES: Readonly<Record<string, string>> = {
  "HF-1": "The host has not enough memory for the guest",
  "HF-1/estimate": "The host has memory for the pages, but not for what Xen needs beside them",
  "HF-2": "The host does not give a guest of this kind as many vcpus",
  "HF-2/overcommit": "The guest has more vcpus than the host has processors",
  "HF-3": "The host does not run guests of this kind",
  "HF-4": "The host does not have the device model whose state the image holds",
  "HF-5": "The host's processor is of another vendor than the guest was told",
  "HF-6": "A page of the guest lies beyond the host's physical address width",
};
