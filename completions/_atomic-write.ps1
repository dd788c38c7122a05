
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
            [CompletionResult]::new('--from', '--from', [CompletionResultType]::ParameterName, 'Read the new content from SOURCE (-: standard input)')
            [CompletionResult]::new('--shell', '--shell', [CompletionResultType]::ParameterName, 'Run SCRIPT in place of COMMAND, by bash with pipefail')
            [CompletionResult]::new('-I', '-I ', [CompletionResultType]::ParameterName, 'COMMAND writes the content by name: STR is its path')
            [CompletionResult]::new('--placeholder', '--placeholder', [CompletionResultType]::ParameterName, 'COMMAND writes the content by name: STR is its path')
            [CompletionResult]::new('--success-status', '--success-status', [CompletionResultType]::ParameterName, 'Other exit statuses of COMMAND that are success')
            [CompletionResult]::new('--checksum', '--checksum', [CompletionResultType]::ParameterName, 'Refuse input whose sha256 or sha512 digest differs')
            [CompletionResult]::new('--validate', '--validate', [CompletionResultType]::ParameterName, 'Refuse unless sh -c COMMAND exits 0')
            [CompletionResult]::new('--if-match', '--if-match', [CompletionResultType]::ParameterName, 'Refuse unless the old content has this digest')
            [CompletionResult]::new('--backup', '--backup', [CompletionResultType]::ParameterName, 'Keep a backup (none, numbered, existing, simple)')
            [CompletionResult]::new('-S', '-S ', [CompletionResultType]::ParameterName, 'Simple backup suffix (default ~); implies -b')
            [CompletionResult]::new('--suffix', '--suffix', [CompletionResultType]::ParameterName, 'Simple backup suffix (default ~); implies -b')
            [CompletionResult]::new('--lock-timeout', '--lock-timeout', [CompletionResultType]::ParameterName, 'Limit the wait for the lock (0: try once)')
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'Set the mode, in octal')
            [CompletionResult]::new('--mode', '--mode', [CompletionResultType]::ParameterName, 'Set the mode, in octal')
            [CompletionResult]::new('--sync', '--sync', [CompletionResultType]::ParameterName, 'What is durable after exit 0: full, file or none')
            [CompletionResult]::new('-e', '-e', [CompletionResultType]::ParameterName, 'Give COMMAND TARGET''s content on standard input')
            [CompletionResult]::new('--edit', '--edit', [CompletionResultType]::ParameterName, 'Give COMMAND TARGET''s content on standard input')
            [CompletionResult]::new('--tree', '--tree', [CompletionResultType]::ParameterName, 'Replace a directory as a whole (with --from or -I)')
            [CompletionResult]::new('--create', '--create', [CompletionResultType]::ParameterName, 'With --edit, begin with nothing if TARGET is missing')
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'Append the input to the old content')
            [CompletionResult]::new('--append', '--append', [CompletionResultType]::ParameterName, 'Append the input to the old content')
            [CompletionResult]::new('--allow-empty', '--allow-empty', [CompletionResultType]::ParameterName, 'Permit empty output of COMMAND')
            [CompletionResult]::new('--non-empty', '--non-empty', [CompletionResultType]::ParameterName, 'Refuse empty input')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Refuse if TARGET exists')
            [CompletionResult]::new('--no-clobber', '--no-clobber', [CompletionResultType]::ParameterName, 'Refuse if TARGET exists')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Leave TARGET untouched if the content is the same')
            [CompletionResult]::new('--if-changed', '--if-changed', [CompletionResultType]::ParameterName, 'Leave TARGET untouched if the content is the same')
            [CompletionResult]::new('-b', '-b', [CompletionResultType]::ParameterName, 'Same as --backup, but takes no value')
            [CompletionResult]::new('--lock', '--lock', [CompletionResultType]::ParameterName, 'Lock TARGET against writers that use --lock')
            [CompletionResult]::new('--no-lock', '--no-lock', [CompletionResultType]::ParameterName, 'Take no lock, even with --edit and --append')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Replace TARGET even if you may not write to it')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Replace TARGET even if you may not write to it')
            [CompletionResult]::new('-P', '-P ', [CompletionResultType]::ParameterName, 'Replace a symbolic link, not the file that it points to')
            [CompletionResult]::new('--no-dereference', '--no-dereference', [CompletionResultType]::ParameterName, 'Replace a symbolic link, not the file that it points to')
            [CompletionResult]::new('-D', '-D ', [CompletionResultType]::ParameterName, 'Create missing parent directories')
            [CompletionResult]::new('--parents', '--parents', [CompletionResultType]::ParameterName, 'Create missing parent directories')
            [CompletionResult]::new('--allow-in-place', '--allow-in-place', [CompletionResultType]::ParameterName, 'Overwrite where a rename is impossible (not atomic)')
            [CompletionResult]::new('--in-place', '--in-place', [CompletionResultType]::ParameterName, 'Overwrite TARGET''s own inode (not atomic)')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Do all but the commit')
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
