using System.Diagnostics;
using MiniGpt.Cli.Speech;
using MiniGpt.Model.Training;

namespace MiniGpt.Cli.Display;

/// <summary>A line now and then, and one at the end of each epoch, while word vectors are trained.</summary>
/// <param name="words">The words of an epoch.</param>
/// <param name="epochs">The epochs.</param>
internal sealed class WordVectorProgressLines(long words, int epochs) : IProgress<WordVectorProgress>
{
    private static readonly TimeSpan s_betweenLines = TimeSpan.FromSeconds(5);

    private readonly long _start = Stopwatch.GetTimestamp();
    private long _lastTime = Stopwatch.GetTimestamp();
    private WordVectorProgress _last;

    public void Report(WordVectorProgress value)
    {
        bool isEnd = value.Words == words * value.Epoch;
        if (value.Examples == _last.Examples || (!isEnd && Stopwatch.GetElapsedTime(_lastTime) < s_betweenLines))
            return;
        double loss = (value.Loss - _last.Loss) / (value.Examples - _last.Examples);
        double speed = value.Words / Stopwatch.GetElapsedTime(_start).TotalSeconds;
        double share = (double)value.Words / words - (value.Epoch - 1);
        Talk.Say(Messages.Of("word2vec.epoch", ("epoch", value.Epoch), ("epochs", epochs),
            ("share", $"{100 * share:F0}"), ("loss", $"{loss:F4}"), ("speed", $"{speed:N0}")));
        (_last, _lastTime) = (value, Stopwatch.GetTimestamp());
    }
}
