# For a tap of one's own: homebrew-core takes a formula once the project is known.
class AtomicWrite < Formula
  desc "Replace a file atomically and durably, or leave it unchanged"
  homepage "https://github.com/atomic-write/atomic-write"
  url "https://github.com/atomic-write/atomic-write/archive/refs/tags/v0.1.0.tar.gz"
  # Of the archive above, which exists once the tag does; pkg/RELEASE.md says how it gets here.
  sha256 "0000000000000000000000000000000000000000000000000000000000000000"
  license any_of: ["MIT", "Apache-2.0"]
  head "https://github.com/atomic-write/atomic-write.git", branch: "main"

  depends_on "rust" => :build

  def install
    system "cargo", "install", *std_cargo_args
    man1.install "man/atomic-write.1"
    bash_completion.install "completions/atomic-write.bash" => "atomic-write"
    zsh_completion.install "completions/_atomic-write"
    fish_completion.install "completions/atomic-write.fish"
  end

  test do
    (testpath/"f").write "old\n"
    pipe_output("#{bin}/atomic-write f", "new\n", 0)
    assert_equal "new\n", (testpath/"f").read
    system "sh", "-c", "! #{bin}/atomic-write f -- false"
    assert_equal "new\n", (testpath/"f").read
  end
end
