/** The Node implementation of core's cryptography port. */
export { nodeSuite } from './node-suite.js';
