/** The version of xenstream, as documents and --version give it; a test holds it to package.json. */
export const VERSION = "0.1.0";
