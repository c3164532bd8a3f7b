using System.Diagnostics;
using System.Globalization;
using MiniGpt.Model.Tokenizers;
using MiniGpt.Tensors.Threading;

namespace MiniGpt.Bench.EndToEnd;

/// <summary>Encodes texts of data/ with GPT-2's vocabulary and prints the median speed of each, for bench/Peers/race-tokenizers.</summary>
internal static class TokenizerSpeed
{
    private const int Rounds = 15;

    /// <summary>Prints a line a text: its name, MB/s, and how many ids it has.</summary>
    public static int Run(ReadOnlySpan<string> arguments)
    {
        if (arguments.Length > 1 || (arguments.Length == 1 && (!int.TryParse(arguments[0], CultureInfo.InvariantCulture, out int threads) || threads < 1)))
        {
            Console.Error.WriteLine("tokenizers: the number of threads expected, or nothing for all of them");
            return 2;
        }
        if (arguments.Length == 1)
            Workers.Count = int.Parse(arguments[0], CultureInfo.InvariantCulture);
        foreach (string name in (string[])[Texts.English, Texts.Japanese])
        {
            byte[] text = Texts.Read(name);
            double[] seconds = new double[Rounds];
            int count = 0;
            for (int round = -5; round < Rounds; round++)
            {
                long start = Stopwatch.GetTimestamp();
                count = Gpt2Tokenizer.Instance.EncodeUtf8(text).Length;
                if (round >= 0)
                    seconds[round] = Stopwatch.GetElapsedTime(start).TotalSeconds;
            }
            Array.Sort(seconds);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name} {text.Length / 1e6 / seconds[Rounds / 2]:F1} {count}"));
        }
        return 0;
    }
}
