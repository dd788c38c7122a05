
use builtin;
use str;

set edit:completion:arg-completer[atomic-write] = {|@words|
    fn spaces {|n|
        builtin:repeat $n ' ' | str:join ''
    }
    fn cand {|text desc|
        edit:complex-candidate $text &display=$text' '(spaces (- 14 (wcswidth $text)))$desc
    }
    var command = 'atomic-write'
    for word $words[1..-1] {
        if (str:has-prefix $word '-') {
            break
        }
        set command = $command';'$word
    }
    var completions = [
        &'atomic-write'= {
            cand --from 'Read the new content from SOURCE (-: standard input)'
            cand --shell 'Run SCRIPT in place of COMMAND, by bash with pipefail'
            cand -I 'COMMAND writes the content by name: STR is its path'
            cand --placeholder 'COMMAND writes the content by name: STR is its path'
            cand --success-status 'Other exit statuses of COMMAND that are success'
            cand --checksum 'Refuse input whose sha256 or sha512 digest differs'
            cand --validate 'Refuse unless sh -c COMMAND exits 0'
            cand --if-match 'Refuse unless the old content has this digest'
            cand --backup 'Keep a backup (none, numbered, existing, simple)'
            cand -S 'Simple backup suffix (default ~); implies -b'
            cand --suffix 'Simple backup suffix (default ~); implies -b'
            cand --lock-timeout 'Limit the wait for the lock (0: try once)'
            cand -m 'Set the mode, in octal'
            cand --mode 'Set the mode, in octal'
            cand --sync 'What is durable after exit 0: full, file or none'
            cand -e 'Give COMMAND TARGET''s content on standard input'
            cand --edit 'Give COMMAND TARGET''s content on standard input'
            cand --tree 'Replace a directory as a whole (with --from or -I)'
            cand --create 'With --edit, begin with nothing if TARGET is missing'
            cand -a 'Append the input to the old content'
            cand --append 'Append the input to the old content'
            cand --allow-empty 'Permit empty output of COMMAND'
            cand --non-empty 'Refuse empty input'
            cand -n 'Refuse if TARGET exists'
            cand --no-clobber 'Refuse if TARGET exists'
            cand -C 'Leave TARGET untouched if the content is the same'
            cand --if-changed 'Leave TARGET untouched if the content is the same'
            cand -b 'Same as --backup, but takes no value'
            cand --lock 'Lock TARGET against writers that use --lock'
            cand --no-lock 'Take no lock, even with --edit and --append'
            cand -f 'Replace TARGET even if you may not write to it'
            cand --force 'Replace TARGET even if you may not write to it'
            cand -P 'Replace a symbolic link, not the file that it points to'
            cand --no-dereference 'Replace a symbolic link, not the file that it points to'
            cand -D 'Create missing parent directories'
            cand --parents 'Create missing parent directories'
            cand --allow-in-place 'Overwrite where a rename is impossible (not atomic)'
            cand --in-place 'Overwrite TARGET''s own inode (not atomic)'
            cand --dry-run 'Do all but the commit'
            cand --report 'Print one word: created, replaced or unchanged'
            cand -v 'Print one line about what was done'
            cand --verbose 'Print one line about what was done'
            cand -q 'Print no warnings'
            cand --quiet 'Print no warnings'
            cand -h 'Print help (-h: a summary)'
            cand --help 'Print help (-h: a summary)'
            cand -V 'Print the version'
            cand --version 'Print the version'
        }
    ]
    $completions[$command]
}
