using MiniGpt.Model.Architectures;
using MiniGpt.Model.Generation;
using MiniGpt.Model.Training;
using Xunit;

namespace MiniGpt.Tests.Model.Generation;

public class PromptLookupTests
{
    [Theory]
    [InlineData(new[] { 1, 2, 3, 4, 5, 1, 2, 3 }, new[] { 4, 5 })] // three alike: two guesses
    [InlineData(new[] { 9, 1, 2, 3, 4, 5, 6, 9, 1, 2, 3 }, new[] { 4, 5, 6 })]
    [InlineData(new[] { 1, 2, 3, 7, 1, 2, 3, 8, 1, 2, 3 }, new[] { 8, 1 })] // the latest of several
    [InlineData(new[] { 0, 1, 2, 3, 7, 1, 2, 3, 8, 0, 1, 2, 3 }, new[] { 7, 1, 2 })] // but rather a longer one
    [InlineData(new[] { 8, 5, 6, 5, 6, 5, 6 }, new[] { 5, 6, 5 })] // round and round
    [InlineData(new[] { 1, 2, 9, 1, 2 }, new int[0])]
    [InlineData(new[] { 1 }, new int[0])]
    public void A_text_is_guessed_to_go_on_as_it_did_before(int[] text, int[] expected)
    {
        Span<int> guesses = stackalloc int[PromptLookup.Most];
        int count = new PromptLookup().Guess(text, guesses);
        Assert.Equal(expected, guesses[..count].ToArray());
    }

    [Fact]
    public void Wrong_guesses_are_followed_by_pauses_that_grow_until_half_are_right()
    {
        int[] text = [1, 2, 3, 4, 5, 1, 2, 3];
        PromptLookup lookup = new();
        Assert.Equal([0, 1, 3, 7], Enumerable.Range(0, 4).Select(_ => Pause(right: 0)));
        Assert.Equal(15, Pause(right: 1));
        Assert.Equal(0, Pause(right: 0));
        Assert.Equal((12, 1), (lookup.Guessed, lookup.Right));

        int Pause(int right)
        {
            int pause = 0;
            int[] guesses = new int[2];
            while (lookup.Guess(text, guesses) == 0)
                pause++;
            lookup.Tell(2, right);
            return pause;
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(0.7)]
    public void What_is_guessed_changes_no_token(double temperature)
    {
        Decoder<float> model = LargerThanCaches();
        SamplingOptions options = new() { Temperature = temperature, TopK = 3, Seed = 5 };
        int[] prompt = [.. Enumerable.Range(0, 40).Select(i => i % 7)];
        using TokenStreams<float> alone = new(model.ForReading(), options), several = new(model.ForReading(), options, count: 2);
        alone.Append(prompt);
        several.Append(prompt);
        for (int i = 0; i < 300; i++)
            Assert.Equal(several.Next()[0], alone.Next()[0]);
        Assert.InRange(alone.Guesses.Right, 1, alone.Guesses.Guessed);
        Assert.Equal((0, 0), several.Guesses);
    }

    [Fact]
    public void A_text_that_the_user_adds_ends_what_was_guessed()
    {
        Decoder<float> model = LargerThanCaches();
        SamplingOptions options = new() { Temperature = 0 };
        using TokenStreams<float> alone = new(model.ForReading(), options), several = new(model.ForReading(), options, count: 2);
        (int[] Added, int Drawn)[] turns = [([1], 80), ([9], 3), ([1, 2], 20), ([9, 1], 12), ([0, 1, 2, 3, 4, 0, 1], 13), ([4, 4], 30), ([3], 2), ([3, 3], 2)];
        foreach ((int[] added, int drawn) in turns)
        {
            alone.Append(added);
            several.Append(added);
            for (int i = 0; i < drawn; i++)
            {
                Assert.Equal(several.Logits().Slice(0, 0, 1).Span.ToArray(), alone.Logits().Span.ToArray());
                Assert.Equal(several.Next()[0], alone.Next()[0]);
            }
        }

        Assert.InRange(alone.Guesses.Right, 20, alone.Guesses.Guessed);
    }

    [Fact]
    public void A_token_allocates_nothing()
    {
        using TokenStreams<float> streams = new(LargerThanCaches().ForReading(), new SamplingOptions { Temperature = 0 });
        streams.Append([1]);
        for (int i = 0; i < 80; i++)
            streams.Next();
        Allocations.AssertNone(() => streams.Next());
        Assert.InRange(streams.Guesses.Guessed, 1, long.MaxValue);
    }

    [Fact]
    public void Models_that_stay_in_caches_guess_nothing()
    {
        using TokenStreams<float> streams = new(TinyModels.Get("trained").ForReading(), new SamplingOptions { Temperature = 0 });
        streams.Append([1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3]);
        for (int i = 0; i < 20; i++)
            streams.Next();
        Assert.Equal((0, 0), streams.Guesses);
    }

    // Only of such a model is anything guessed. Random weights soon repeat themselves.
    private static Decoder<float> LargerThanCaches()
    {
        Decoder<float> model = new(TrainingOptions.For(TrainingPreset.Quick).ToConfig(65) with { Width = 256, Layers = 6, Context = 64 });
        model.Initialize(1);
        return model;
    }
}
