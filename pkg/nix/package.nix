{ lib, rustPlatform, installShellFiles }:

let
  root = ../..;
  manifest = (builtins.fromTOML (builtins.readFile (root + "/Cargo.toml"))).package;
in
rustPlatform.buildRustPackage {
  pname = "atomic-write";
  inherit (manifest) version;
  src = root;
  cargoLock.lockFile = root + "/Cargo.lock";
  nativeBuildInputs = [ installShellFiles ];
  # The tests want file systems, users and tools that a sandbox does not have. These need a directory and no more.
  cargoTestFlags = [ "--test" "black_box" ];
  checkFlags = [ "portable::names" "portable::input" ];
  postInstall = ''
    installManPage man/atomic-write.1
    installShellCompletion --cmd atomic-write \
      --bash completions/atomic-write.bash --zsh completions/_atomic-write --fish completions/atomic-write.fish
  '';
  meta = {
    inherit (manifest) description homepage;
    license = with lib.licenses; [ mit asl20 ];
    mainProgram = "atomic-write";
  };
}
