using System.Diagnostics;
using MiniGpt.Cli.Display;
using MiniGpt.Cli.Speech;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Generation;
using MiniGpt.Model.Tokenizers;

namespace MiniGpt.Cli.Verbs;

/// <summary>Writes samples of one prompt: some at a time as one batch, of which the first is seen while it is made.</summary>
internal sealed class SampleRun(Decoder<float> model, ITokenizer? tokenizer, SamplingOptions sampling, TextWriter output)
{
    // Each sample has a cache of its own: so many share the reading of the weights.
    private const int MostTogether = 8;

    /// <summary>How many tokens a sample has at most.</summary>
    public required int Tokens { get; init; }

    /// <summary>The texts that end a sample.</summary>
    public required string[] Stops { get; init; }

    /// <summary>Whether ids are written instead of text.</summary>
    public required bool WritesIds { get; init; }

    /// <summary>How many of the likeliest tokens are shown at each step.</summary>
    public required int Probabilities { get; init; }

    /// <summary>What it took.</summary>
    public GenerationStats Stats { get; } = new();

    /// <summary>How many tokens were guessed from the text before, and how many of them were drawn.</summary>
    public (long Guessed, long Right) Guesses { get; private set; }

    /// <summary>Writes samples; when it is interrupted, what there is of them.</summary>
    public void Write(int[] prompt, int samples, CancellationToken cancellationToken)
    {
        int together = Probabilities > 0 ? 1 : MostTogether;
        for (int first = 0; first < samples && !cancellationToken.IsCancellationRequested; first += together)
        {
            Sample[] batch = [.. Enumerable.Range(first, Math.Min(together, samples - first)).Select(Begin)];
            Make(batch, first, prompt, cancellationToken);
            for (int i = 1; i < batch.Length; i++)
                output.Write(batch[i].Writer);
        }

        Sample Begin(int number)
        {
            TextWriter writer = number % together == 0 ? output : new StringWriter();
            if (samples > 1 && !WritesIds)
                writer.WriteLine((number == 0 ? "" : "\n") + Messages.Of("sample.number", ("number", number + 1), ("samples", samples)));
            return new Sample(writer, tokenizer is null ? null : new SampleText(tokenizer, Stops, isTextStart: prompt.Length == 0), WritesIds);
        }
    }

    private void Make(Sample[] batch, int first, int[] prompt, CancellationToken cancellationToken)
    {
        using TokenStreams<float> streams = new(model, sampling, batch.Length, first, tokenizer?.VocabularySize);
        int[] start = prompt.Length > 0 ? prompt : [Prompt.Start(model.Config, tokenizer)];
        streams.Append(start);
        foreach (Sample sample in batch)
            sample.WritePrompt(WritesIds ? start : prompt, tokenizer);

        long begin = Stopwatch.GetTimestamp();
        if (Tokens > 0)
            streams.Logits();
        Stats.AddRead(Tokens > 0 ? start.Length : 0, begin);
        int written = 0;
        List<int> running = [.. Enumerable.Range(0, batch.Length)];
        for (int made = 0; made < Tokens && running.Count > 0 && !cancellationToken.IsCancellationRequested; made++)
        {
            ReadOnlySpan<int> next = Next(streams);
            written += made > 0 ? next.Length : 0;
            for (int i = next.Length - 1; i >= 0; i--)
            {
                Sample sample = batch[running[i]];
                sample.Write(next[i]);
                if (sample.IsStopped)
                {
                    streams.End(i);
                    running[i] = running[^1];
                    running.RemoveAt(running.Count - 1);
                }
            }
            if (made == 0)
            {
                Stats.AddFirst(begin);
                begin = Stopwatch.GetTimestamp();
            }
        }
        Stats.AddWritten(written, begin);
        Guesses = (Guesses.Guessed + streams.Guesses.Guessed, Guesses.Right + streams.Guesses.Right);
        foreach (Sample sample in batch)
            sample.End();
    }

    private ReadOnlySpan<int> Next(TokenStreams<float> streams)
    {
        if (Probabilities == 0)
            return streams.Next();
        NextToken[] likeliest = NextToken.Likeliest<float>(streams.Logits().Span, Probabilities);
        ReadOnlySpan<int> next = streams.Next();
        if (WritesIds)
            ProbabilityTable.Print(Talk.Console, likeliest, next[0], tokenizer);
        else
        {
            output.WriteLine();
            ProbabilityTable.Print(Output.Console, likeliest, next[0], tokenizer);
        }
        return next;
    }

    /// <summary>One sample on its way to a writer.</summary>
    private sealed class Sample(TextWriter writer, SampleText? text, bool writesIds)
    {
        private bool _isFirst = true;

        public TextWriter Writer => writer;

        public bool IsStopped => text?.IsStopped ?? false;

        public void WritePrompt(int[] ids, ITokenizer? tokenizer)
        {
            if (!writesIds)
                writer.Write(tokenizer!.Decode(ids));
            foreach (int id in writesIds ? ids : [])
                WriteId(id);
        }

        public void Write(int id)
        {
            ReadOnlySpan<char> piece = text is null ? [] : text.Append(id);
            if (writesIds)
                WriteId(id);
            else if (piece.Length > 0)
                writer.Write(piece);
        }

        public void End() => writer.WriteLine(writesIds || text is null ? [] : text.Finish());

        private void WriteId(int id)
        {
            writer.Write(_isFirst ? $"{id}" : $" {id}");
            _isFirst = false;
        }
    }
}
