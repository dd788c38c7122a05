
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
            [CompletionResult]::new('--from', '--from', [CompletionResultType]::ParameterName, 'Take the content of SOURCE; - is standard input')
            [CompletionResult]::new('--checksum', '--checksum', [CompletionResultType]::ParameterName, 'Refuse input with another digest (sha256 or sha512)')
            [CompletionResult]::new('--validate', '--validate', [CompletionResultType]::ParameterName, 'Refuse unless COMMAND, run by sh, accepts "$1"')
            [CompletionResult]::new('--if-match', '--if-match', [CompletionResultType]::ParameterName, 'Refuse unless the old content has this digest')
            [CompletionResult]::new('--backup', '--backup', [CompletionResultType]::ParameterName, 'Keep it (none, numbered, existing, simple)')
            [CompletionResult]::new('-S', '-S ', [CompletionResultType]::ParameterName, 'Suffix of a simple backup (else ~); asks for one')
            [CompletionResult]::new('--suffix', '--suffix', [CompletionResultType]::ParameterName, 'Suffix of a simple backup (else ~); asks for one')
            [CompletionResult]::new('--lock-timeout', '--lock-timeout', [CompletionResultType]::ParameterName, 'Wait no longer for the turn (0: try once)')
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'Octal mode of the finished file')
            [CompletionResult]::new('--mode', '--mode', [CompletionResultType]::ParameterName, 'Octal mode of the finished file')
            [CompletionResult]::new('--sync', '--sync', [CompletionResultType]::ParameterName, 'What exit 0 has made durable: full, file or none')
            [CompletionResult]::new('-e', '-e', [CompletionResultType]::ParameterName, 'Give COMMAND the content of TARGET on its standard input')
            [CompletionResult]::new('--edit', '--edit', [CompletionResultType]::ParameterName, 'Give COMMAND the content of TARGET on its standard input')
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'Keep the old content and put the new behind it')
            [CompletionResult]::new('--append', '--append', [CompletionResultType]::ParameterName, 'Keep the old content and put the new behind it')
            [CompletionResult]::new('--allow-empty', '--allow-empty', [CompletionResultType]::ParameterName, 'Accept a COMMAND that writes nothing')
            [CompletionResult]::new('--non-empty', '--non-empty', [CompletionResultType]::ParameterName, 'Refuse an empty input')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Refuse if TARGET exists')
            [CompletionResult]::new('--no-clobber', '--no-clobber', [CompletionResultType]::ParameterName, 'Refuse if TARGET exists')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Leave TARGET alone if it has this content already')
            [CompletionResult]::new('--if-changed', '--if-changed', [CompletionResultType]::ParameterName, 'Leave TARGET alone if it has this content already')
            [CompletionResult]::new('-b', '-b', [CompletionResultType]::ParameterName, 'Like --backup, but takes no argument')
            [CompletionResult]::new('--lock', '--lock', [CompletionResultType]::ParameterName, 'Take turns with other writers that use --lock')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Replace a file that you may not write')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Replace a file that you may not write')
            [CompletionResult]::new('-P', '-P ', [CompletionResultType]::ParameterName, 'Replace a symbolic link itself')
            [CompletionResult]::new('--no-dereference', '--no-dereference', [CompletionResultType]::ParameterName, 'Replace a symbolic link itself')
            [CompletionResult]::new('-D', '-D ', [CompletionResultType]::ParameterName, 'Create missing parent directories')
            [CompletionResult]::new('--parents', '--parents', [CompletionResultType]::ParameterName, 'Create missing parent directories')
            [CompletionResult]::new('--allow-in-place', '--allow-in-place', [CompletionResultType]::ParameterName, 'Where a rename is impossible, overwrite; not atomic')
            [CompletionResult]::new('--report', '--report', [CompletionResultType]::ParameterName, 'Print created, replaced or unchanged')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say in one line what was done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say in one line what was done')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'No warnings')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'No warnings')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (short with -h)')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (short with -h)')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
