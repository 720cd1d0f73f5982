# The lock file with the address of each package: it keeps hashes and versions alone, and the registry's addresses follow from them.
lock:
let
  last = list: builtins.elemAt list (builtins.length list - 1);
  pieces = text: separator: builtins.filter builtins.isString (builtins.split separator text);
  name = path: entry: entry.name or (last (pieces path "node_modules/"));
  address =
    path: entry:
    let
      full = name path entry;
    in
    "https://registry.npmjs.org/${full}/-/${last (pieces full "/")}-${entry.version}.tgz";
  complete =
    path: entry:
    if entry ? integrity && !(entry ? resolved) then
      entry // { resolved = address path entry; }
    else
      entry;
in
lock // { packages = builtins.mapAttrs complete lock.packages; }
