using MiniGpt.Autograd;
using MiniGpt.Model;
using MiniGpt.Model.Data;
using MiniGpt.Model.Training;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Memory;
using Xunit;

namespace MiniGpt.Tests.Model.Training;

public class EvaluatorTests
{
    [Fact]
    public void An_evaluation_has_the_loss_of_training_and_keeps_nothing_for_a_backward_pass()
    {
        const int rows = 8;
        GptConfig config = new() { VocabularySize = 65, Context = 64, Layers = 4, Heads = 4, Width = 64 };
        Gpt<float> gpt = new(config);
        gpt.Initialize(1);
        int[] ids = [.. Enumerable.Range(0, rows * config.Context + 1).Select(i => i * 7 % 65)];
        using Tape<float> recording = new();
        using Evaluator<float> evaluator = new(gpt, rows);
        double trained = 0, evaluated = 0;
        long bytesOfTraining = BytesOf(() =>
        {
            Tensor<int> inputs = recording.Copy<int>(ids.AsSpan(0, ids.Length - 1), [rows, config.Context]);
            trained = gpt.Loss(recording, inputs, recording.Copy<int>(ids.AsSpan(1), inputs.Shape)).Value.Span[0];
        });
        long bytesOfEvaluation = BytesOf(() => evaluated = evaluator.WholeLoss(TokenSource.FromIds(ids, 65)));
        Assert.Equal(trained, evaluated, 1e-6);
        Assert.False(recording.Nodes.IsEmpty);
        Assert.True(gpt.Parameters.Gradients.IsEmpty);
        Assert.True(bytesOfEvaluation < bytesOfTraining, $"{bytesOfEvaluation} bytes to evaluate, {bytesOfTraining} to train");
    }

    private static long BytesOf(Action action)
    {
        long before = AlignedMemory.AllocatedBytesForCurrentThread;
        action();
        return AlignedMemory.AllocatedBytesForCurrentThread - before;
    }
}
