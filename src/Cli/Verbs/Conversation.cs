using System.Globalization;
using MiniGpt.Cli.Display;
using MiniGpt.Cli.Options;
using MiniGpt.Cli.Speech;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Generation;
using MiniGpt.Model.Tokenizers;

namespace MiniGpt.Cli.Verbs;

/// <summary>sample --interactive: reads a line, writes what follows, and remembers both for the next line.</summary>
internal sealed class Conversation(
    Decoder<float> model, ITokenizer tokenizer, SamplingOptions sampling, int tokens, string[] stops, TextWriter output) : IDisposable
{
    private const char ByteOrderMark = '\uFEFF';

    private TokenStreams<float> _streams = new(model, sampling, tokens: tokenizer.VocabularySize);
    private SamplingOptions _sampling = sampling;
    private bool _isEmpty = true;

    /// <summary>Reads and answers lines until the input or somebody's patience ends.</summary>
    /// <exception cref="OperationCanceledException">It was interrupted.</exception>
    public void Run(CancellationToken cancellationToken)
    {
        Talk.Say(Messages.Of("talk.help", ("commands", Messages.Of("talk.commands"))));
        bool isFirst = true;
        while (ReadLine(cancellationToken) is string line && line.Trim() != ":quit")
        {
            if (isFirst && line.StartsWith(ByteOrderMark))
                line = line[1..];
            isFirst = false;
            try
            {
                if (line.StartsWith(':'))
                    Obey(line.Trim().Split(' ', StringSplitOptions.RemoveEmptyEntries));
                else
                    Answer(line, cancellationToken);
            }
            catch (ArgumentException error)
            {
                Talk.Say(Advice.Of(error));
            }
        }
    }

    public void Dispose() => _streams.Dispose();

    private static string? ReadLine(CancellationToken cancellationToken)
    {
        if (!Console.IsInputRedirected)
            Console.Error.Write("> ");
        return StandardInput.ReadLine(cancellationToken);
    }

    private void Obey(string[] command)
    {
        switch (command)
        {
            case [":help"]:
                Talk.Say(Messages.Of("talk.help", ("commands", Messages.Of("talk.commands"))));
                break;
            case [":reset"]:
                _streams.Dispose();
                _streams = new TokenStreams<float>(model, _sampling, tokens: tokenizer.VocabularySize);
                _isEmpty = true;
                break;
            case [":temperature", string number]
                when double.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out double temperature):
                _streams.SetTemperature(temperature);
                _sampling = _sampling with { Temperature = temperature };
                break;
            default:
                throw new ArgumentException(Messages.Of("talk.unknown", ("command", string.Join(' ', command)), ("commands", Messages.Of("talk.commands"))));
        }
    }

    private void Answer(string line, CancellationToken cancellationToken)
    {
        _streams.Append(_isEmpty ? Prompt.Of(line, model.Config, tokenizer) : tokenizer.Encode(line));
        SampleText text = new(tokenizer, stops, isTextStart: _isEmpty && line.Length == 0);
        _isEmpty = false;
        for (int made = 0; made < tokens && !text.IsStopped && !cancellationToken.IsCancellationRequested; made++)
            output.Write(text.Append(_streams.Next()[0]));
        output.WriteLine(text.Finish());
        cancellationToken.ThrowIfCancellationRequested();
    }
}
