
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
            cand --from 'Read the content from SOURCE (-: standard input)'
            cand -t 'Replace files in DIR by the SOURCEs'
            cand --target-directory 'Replace files in DIR by the SOURCEs'
            cand --files0-from 'With -t, take the names of the SOURCEs from FILE'
            cand --shell 'Run SCRIPT as COMMAND, by bash with pipefail'
            cand -I 'Let COMMAND write the content to the path STR'
            cand --placeholder 'Let COMMAND write the content to the path STR'
            cand --success-status 'Further exit statuses of COMMAND that are success'
            cand --checksum 'Refuse input with another sha256 or sha512 digest'
            cand --validate 'Refuse unless sh -c COMMAND exits 0'
            cand --if-match 'Refuse unless the old content has this digest'
            cand --backup 'Back up the old file (numbered, simple ...)'
            cand -S 'Backup suffix (default ~); implies --backup'
            cand --suffix 'Backup suffix (default ~); implies --backup'
            cand --lock-timeout 'Give up waiting after SECONDS; implies --lock'
            cand -m 'Set the mode, as chmod does'
            cand --mode 'Set the mode, as chmod does'
            cand --owner 'Set the owner: a user''s name or id'
            cand --group 'Set the group: its name or id'
            cand --sync 'What to sync before exiting (default full):'
            cand -e 'Filter TARGET in place through COMMAND'
            cand --edit 'Filter TARGET in place through COMMAND'
            cand --create 'With --edit, a missing TARGET is read as empty'
            cand -a 'Append to TARGET'
            cand --append 'Append to TARGET'
            cand --tree 'Replace a directory as a whole (--from, -I)'
            cand --allow-empty 'Permit empty output of COMMAND'
            cand --non-empty 'Refuse empty input'
            cand -n 'Refuse if TARGET exists'
            cand --no-clobber 'Refuse if TARGET exists'
            cand -C 'Leave TARGET untouched if the content is the same'
            cand --if-changed 'Leave TARGET untouched if the content is the same'
            cand -b 'Back up the old file, as --backup alone'
            cand --lock 'Take turns with others that lock TARGET'
            cand --no-lock 'Take no lock, even with --edit or --append'
            cand --preserve-timestamps 'Keep SOURCE''s times of modification and access'
            cand -f 'Replace TARGET even if you may not write to it'
            cand --force 'Replace TARGET even if you may not write to it'
            cand -P 'Replace a symbolic link, not what it points to'
            cand --no-dereference 'Replace a symbolic link, not what it points to'
            cand -D 'Create missing parent directories'
            cand --parents 'Create missing parent directories'
            cand --allow-in-place 'Overwrite where a rename is impossible (not atomic)'
            cand --in-place 'Overwrite TARGET, keeping its inode (not atomic)'
            cand --dry-run 'Do all but the commit'
            cand --progress 'Show progress on a terminal'
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
