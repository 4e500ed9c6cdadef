/**
 * What a breach of each rule of legacy streams is, said of the image that has it. The rules
 * themselves are rules/legacy*.ts.
 */

/** By rule, or by "rule/case". */
export const LEGACY_BREACHES: Readonly<Record<string, string>> = {
  "LG-HDR-1": "The number of pages that the stream begins with is none that a guest can have",
  "LG-HDR-1/unusable": "The number of pages is more than a PV guest's p2m records can cover",
  "LG-HDR-2": "The first words tell another width than the stream is read with",
  "LG-HDR-3": "The stream is of another width than its container's owner converts with",
  "LG-DET-6": "The beginning is not plausible for a legacy stream",
  "LG-PV-1": "The signature of the extended info is missing: the stream is older than can be read",
  "LG-PV-2": "A block of the extended info does not fit into it",
  "LG-PV-3": "The extended info has a block that nobody knows; it is passed over",
  "LG-PV-4": "The extended info does not tell the width of the guest",
  "LG-PV-5": "A frame of the p2m list is no page of the guest",
  "LG-CH-1": "A batch has more pages than a legacy stream can say",
  "LG-CH-2": "An entry without a page has a pfn",
  "LG-CH-3": "An entry of a batch has a page type that means nothing",
  "LG-CH-4": "An entry comes twice in a batch",
  "LG-CH-5": "The vcpu info names vcpus that no guest has",
  "LG-CH-5/absent": "The stream does not tell which vcpus are online",
  "LG-CH-6": "A PV stream sets an HVM parameter; it is passed over",
  "LG-CH-7": "A chunk of an HVM parameter cannot be used",
  "LG-CH-8": "The toolstack's chunk is empty",
  "LG-CH-9": "A chunk has an id that means nothing, and its length cannot be told",
  "LG-CH-10": "The input ends before the stream does",
  "LG-CH-11": "The pages are in a compression that nothing reads",
  "LG-TS-1": "The toolstack's data is not of a version that is known",
  "LG-TS-2": "An entry of the toolstack's data does not fit into it",
  "LG-TS-3": "The name of an entry of the toolstack's data does not end",
  "LG-TM-1": "The stream holds transcendent memory, which nothing reads any more",
  "LG-PT-1": "The extended state of a vcpu has another size than was announced",
  "LG-PT-2": "A pfn was filled and is listed as unmapped",
  "LG-PT-3": "The shared info page names a frame list, which a restorer clears",
  "LG-HT-2": "The stream does not end with a QEMU record that its container's owner reads",
  "LG-HT-2/absent": "No QEMU record follows: the toolstack keeps it elsewhere, if there is one",
  "LG-CNV-1": "A batch has nothing but holes: no record stands for it",
  "LG-CNV-6": "The stream has a phase in which pages are sent again for verification",
  "LG-CNV-10": "Something follows the end of the legacy stream",
  "LG-CNV-11": "The stream has a generation id address, whose meaning depends on the release",
};
