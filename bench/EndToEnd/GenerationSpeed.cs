using System.Diagnostics;
using System.Globalization;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Generation;
using MiniGpt.Tensors.Threading;

namespace MiniGpt.Bench.EndToEnd;

/// <summary>How fast a model's file is read from: a prompt, and one token after the other. For bench/Peers/race-generation.</summary>
internal static class GenerationSpeed
{
    private const string Usage = """
        Reads a model and prints tokens a second, medians: of a prompt of 512 tokens, the logits of the last wanted, and of single tokens behind a
        text of 64. The ids are any, since the time does not depend on them; nothing is guessed ahead.

          generation FILE [THREADS]

        """;

    private const int Prompt = 512;
    private const int Text = 64;
    private const int Tokens = 40;
    private const int Rounds = 7;

    public static int Run(ReadOnlySpan<string> arguments)
    {
        int threads = 0;
        if (arguments.Length is < 1 or > 2 || (arguments.Length == 2 && (!int.TryParse(arguments[1], CultureInfo.InvariantCulture, out threads) || threads < 0)))
        {
            Console.Error.Write(Usage);
            return 2;
        }

        Workers.Count = threads;
        using ModelFile file = ModelFile.Open(arguments[0]);
        Decoder<float> model = file.LoadForReading();
        int[] ids = [.. Enumerable.Range(0, Prompt).Select(i => i * 7919 % model.Config.VocabularySize)];
        using IncrementalDecoder<float> decoder = new(model);
        Print("prompt", Prompt, () => decoder.Logits(ids, 0));
        decoder.Logits(ids.AsSpan(0, Text), 0);
        Print("token", Tokens, () =>
        {
            for (int i = 0; i < Tokens; i++)
                decoder.Logits(ids.AsSpan(i, 1), Text + i);
        });
        return 0;
    }

    private static void Print(string what, int tokens, Action work)
    {
        List<double> rates = [];
        for (int round = -2; round < Rounds; round++) // two to warm up
        {
            long start = Stopwatch.GetTimestamp();
            work();
            if (round >= 0)
                rates.Add(tokens / Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        rates.Sort();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what} {rates[Rounds / 2]:F1} tokens/s, from {rates[0]:F1} to {rates[^1]:F1}"));
    }
}
