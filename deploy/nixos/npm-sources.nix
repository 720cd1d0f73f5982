# Each package of the lock file, fetched by npm itself: the lock file has hashes and versions, npm knows where its registry is.
{
  cacert,
  nodejs,
  stdenvNoCC,
}:
lock:
let
  last = list: builtins.elemAt list (builtins.length list - 1);
  pieces = text: separator: builtins.filter builtins.isString (builtins.split separator text);
  nameOf = path: entry: entry.name or (last (pieces path "node_modules/"));
  fetch =
    path:
    let
      entry = lock.packages.${path};
    in
    stdenvNoCC.mkDerivation {
      name = "${last (pieces (nameOf path entry) "/")}-${entry.version}.tgz";
      outputHashMode = "flat";
      outputHash = entry.integrity;
      nativeBuildInputs = [ nodejs ];
      SSL_CERT_FILE = "${cacert}/etc/ssl/certs/ca-bundle.crt";
      buildCommand = ''
        HOME=$TMPDIR npm pack --silent ${nameOf path entry}@${entry.version}
        mv ./*.tgz "$out"
      '';
    };
  fetched = builtins.filter (path: lock.packages.${path} ? integrity) (
    builtins.attrNames lock.packages
  );
in
builtins.listToAttrs (map (path: { name = path; value = fetch path; }) fetched)
