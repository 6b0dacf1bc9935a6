// What DevTools' code needs and node 20 lacks, for its worker too.
Promise.withResolvers ??= function withResolvers() {
  let resolve, reject;
  const promise = new Promise((yes, no) => ([resolve, reject] = [yes, no]));
  return {promise, resolve, reject};
};
