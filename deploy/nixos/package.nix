# The hub (output `out`: hydrad, hydra) and the agent (output `agent`), from source.
{
  lib,
  stdenv,
  buildNpmPackage,
  callPackage,
  importNpmLock,
  meson,
  ninja,
  pkg-config,
  python3,
  nodejs,
  scdoc,
  protobufc,
  curl,
  jansson,
  libpq,
  libsodium,
  libuv,
  libyaml,
  llhttp,
  nghttp2,
  openssl,
  pcre2,
  snappy,
  sqlite,
  systemd,
  zlib,
  zstd,
}:
let
  root = ../..;
  version = builtins.head (
    builtins.elemAt (builtins.split "\n  version: '([^']+)'" (builtins.readFile (root + "/meson.build"))) 1
  );
  source = lib.cleanSource root;

  web = buildNpmPackage {
    pname = "hydra-web";
    inherit version;
    src = source;
    sourceRoot = "source/web";
    npmDeps = importNpmLock {
      npmRoot = root + "/web";
      packageSourceOverrides = callPackage ./npm-sources.nix { } (
        lib.importJSON (root + "/web/package-lock.json")
      );
    };
    npmConfigHook = importNpmLock.npmConfigHook;
    env.NEXT_TELEMETRY_DISABLED = "1";
    installPhase = ''
      runHook preInstall
      cp -r out $out
      runHook postInstall
    '';
  };

  # What is loaded at run time, when it is needed.
  loaded = [
    curl
    libpq
    snappy
    zstd
  ];
in
stdenv.mkDerivation {
  pname = "hydra";
  inherit version;
  src = source;
  outputs = [
    "out"
    "agent"
  ];

  nativeBuildInputs = [
    meson
    ninja
    nodejs
    pkg-config
    protobufc
    (python3.withPackages (p: [ p.pyyaml ]))
    scdoc
  ];
  buildInputs = [
    curl
    jansson
    libpq
    libsodium
    libuv
    libyaml
    llhttp
    nghttp2
    openssl
    pcre2
    protobufc
    sqlite
    systemd
    zlib
  ];
  mesonFlags = [ (lib.mesonBool "tests" false) ];

  postPatch = ''
    patchShebangs --build src tests
    cp -r ${web} web/out
    chmod -R u+w web/out
  '';

  postInstall = ''
    moveToOutput bin/hydra-agent "$agent"
    moveToOutput libexec/hydra-agent-helper "$agent"
    moveToOutput 'lib/systemd/system/hydra-agent*' "$agent"
    moveToOutput 'lib/systemd/system/hydra-generation*' "$agent"
    moveToOutput 'lib/systemd/system/hydra-root*' "$agent"
    moveToOutput 'lib/sysusers.d/hydra-agent*' "$agent"
    moveToOutput 'share/polkit-1/rules.d/*hydra-agent*' "$agent"
    moveToOutput share/doc/hydra-agent "$agent"
    moveToOutput 'share/man/man8/hydra-agent*' "$agent"
    install -D -m 755 "$out/bin/hydra" "$agent/bin/hydra" # hydra --local
    for program in bin/hydra-agent libexec/hydra-agent-helper; do
      for file in $(grep -rl "$out/$program" "$agent"); do
        substituteInPlace "$file" --replace-fail "$out/$program" "$agent/$program"
      done
    done
  '';

  postFixup = ''
    patchelf --add-rpath ${lib.makeLibraryPath loaded} $out/bin/hydrad
    patchelf --add-rpath ${lib.makeLibraryPath [ curl snappy zstd ]} $agent/bin/hydra-agent
  '';

  passthru = { inherit web; };

  meta = {
    description = "Control plane of a home AI cluster";
    license = lib.licenses.asl20;
    mainProgram = "hydra";
    platforms = lib.platforms.linux;
  };
}
