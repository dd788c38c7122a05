
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'atomic-write' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'atomic-write'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'atomic-write' {
            [CompletionResult]::new('--from', '--from', [CompletionResultType]::ParameterName, 'Read the content from SOURCE (-: standard input)')
            [CompletionResult]::new('-t', '-t', [CompletionResultType]::ParameterName, 'Replace files in DIR by the SOURCEs')
            [CompletionResult]::new('--target-directory', '--target-directory', [CompletionResultType]::ParameterName, 'Replace files in DIR by the SOURCEs')
            [CompletionResult]::new('--files0-from', '--files0-from', [CompletionResultType]::ParameterName, 'With -t, take the names of the SOURCEs from FILE')
            [CompletionResult]::new('--shell', '--shell', [CompletionResultType]::ParameterName, 'Run SCRIPT as COMMAND, by bash with pipefail')
            [CompletionResult]::new('-I', '-I ', [CompletionResultType]::ParameterName, 'Let COMMAND write the content to the path STR')
            [CompletionResult]::new('--placeholder', '--placeholder', [CompletionResultType]::ParameterName, 'Let COMMAND write the content to the path STR')
            [CompletionResult]::new('--success-status', '--success-status', [CompletionResultType]::ParameterName, 'Further exit statuses of COMMAND that are success')
            [CompletionResult]::new('--checksum', '--checksum', [CompletionResultType]::ParameterName, 'Refuse input with another sha256 or sha512 digest')
            [CompletionResult]::new('--validate', '--validate', [CompletionResultType]::ParameterName, 'Refuse unless sh -c COMMAND exits 0')
            [CompletionResult]::new('--if-match', '--if-match', [CompletionResultType]::ParameterName, 'Refuse unless the old content has this digest')
            [CompletionResult]::new('--backup', '--backup', [CompletionResultType]::ParameterName, 'Back up the old file (numbered, simple ...)')
            [CompletionResult]::new('-S', '-S ', [CompletionResultType]::ParameterName, 'Backup suffix (default ~); implies --backup')
            [CompletionResult]::new('--suffix', '--suffix', [CompletionResultType]::ParameterName, 'Backup suffix (default ~); implies --backup')
            [CompletionResult]::new('--lock-timeout', '--lock-timeout', [CompletionResultType]::ParameterName, 'Give up waiting after SECONDS; implies --lock')
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'Set the mode, as chmod does')
            [CompletionResult]::new('--mode', '--mode', [CompletionResultType]::ParameterName, 'Set the mode, as chmod does')
            [CompletionResult]::new('--owner', '--owner', [CompletionResultType]::ParameterName, 'Set the owner: a user''s name or id')
            [CompletionResult]::new('--group', '--group', [CompletionResultType]::ParameterName, 'Set the group: its name or id')
            [CompletionResult]::new('--sync', '--sync', [CompletionResultType]::ParameterName, 'What to sync before exiting (default full):')
            [CompletionResult]::new('-e', '-e', [CompletionResultType]::ParameterName, 'Filter TARGET in place through COMMAND')
            [CompletionResult]::new('--edit', '--edit', [CompletionResultType]::ParameterName, 'Filter TARGET in place through COMMAND')
            [CompletionResult]::new('--create', '--create', [CompletionResultType]::ParameterName, 'With --edit, a missing TARGET is read as empty')
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'Append to TARGET')
            [CompletionResult]::new('--append', '--append', [CompletionResultType]::ParameterName, 'Append to TARGET')
            [CompletionResult]::new('--tree', '--tree', [CompletionResultType]::ParameterName, 'Replace a directory as a whole (--from, -I)')
            [CompletionResult]::new('--allow-empty', '--allow-empty', [CompletionResultType]::ParameterName, 'Permit empty output of COMMAND')
            [CompletionResult]::new('--non-empty', '--non-empty', [CompletionResultType]::ParameterName, 'Refuse empty input')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Refuse if TARGET exists')
            [CompletionResult]::new('--no-clobber', '--no-clobber', [CompletionResultType]::ParameterName, 'Refuse if TARGET exists')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Leave TARGET untouched if the content is the same')
            [CompletionResult]::new('--if-changed', '--if-changed', [CompletionResultType]::ParameterName, 'Leave TARGET untouched if the content is the same')
            [CompletionResult]::new('-b', '-b', [CompletionResultType]::ParameterName, 'Back up the old file, as --backup alone')
            [CompletionResult]::new('--lock', '--lock', [CompletionResultType]::ParameterName, 'Take turns with others that lock TARGET')
            [CompletionResult]::new('--no-lock', '--no-lock', [CompletionResultType]::ParameterName, 'Take no lock, even with --edit or --append')
            [CompletionResult]::new('--preserve-timestamps', '--preserve-timestamps', [CompletionResultType]::ParameterName, 'Keep SOURCE''s times of modification and access')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Replace TARGET even if you may not write to it')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Replace TARGET even if you may not write to it')
            [CompletionResult]::new('-P', '-P ', [CompletionResultType]::ParameterName, 'Replace a symbolic link, not what it points to')
            [CompletionResult]::new('--no-dereference', '--no-dereference', [CompletionResultType]::ParameterName, 'Replace a symbolic link, not what it points to')
            [CompletionResult]::new('-D', '-D ', [CompletionResultType]::ParameterName, 'Create missing parent directories')
            [CompletionResult]::new('--parents', '--parents', [CompletionResultType]::ParameterName, 'Create missing parent directories')
            [CompletionResult]::new('--allow-in-place', '--allow-in-place', [CompletionResultType]::ParameterName, 'Overwrite where a rename is impossible (not atomic)')
            [CompletionResult]::new('--in-place', '--in-place', [CompletionResultType]::ParameterName, 'Overwrite TARGET, keeping its inode (not atomic)')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Do all but the commit')
            [CompletionResult]::new('--progress', '--progress', [CompletionResultType]::ParameterName, 'Show progress on a terminal')
            [CompletionResult]::new('--report', '--report', [CompletionResultType]::ParameterName, 'Print one word: created, replaced or unchanged')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print one line about what was done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print one line about what was done')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no warnings')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no warnings')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (-h: a summary)')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (-h: a summary)')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print the version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print the version')
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
